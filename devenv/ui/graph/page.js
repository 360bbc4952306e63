"use strict";
/* Draws the environment that stands in #data as a treemap. All text goes in as text: nothing here parses HTML. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const members = new Map(data.members.map((member) => [member.key, member]));
  const asked = new Set(data.asked);
  const $ = (id) => document.getElementById(id);
  const map = $("map"), detail = $("detail"), tip = $("tip"), search = $("search"), found = $("found");
  const KINDS = {
    package: "package", dependency: "needed to build others", runtime: "what programs run on",
    object: "needed by others, not in the lock by itself",
  };
  const MOST_FOUND = 40, LEAST_LABEL = 34, LABEL = 21, GAP = 2, MOST_LEVELS = 8;

  /* ---- sizes and small elements ---- */

  function formatSize(size) {
    if (size < 1000) return `${size} B`;
    let number = size / 1024, unit = 0;
    while (number >= 999.5 && unit < 5) { number /= 1024; unit++; }
    return `${number < 9.95 ? number.toFixed(1) : number.toFixed(0)} ${"KMGTPE"[unit]}iB`;
  }

  function formatShare(part, whole) {
    const percent = whole ? 100 * part / whole : 0;
    return percent >= 9.95 ? `${percent.toFixed(0)} %` : percent >= 0.1 ? `${percent.toFixed(1)} %` : "< 0.1 %";
  }

  function make(tag, text, attributes = {}) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text instanceof Node) element.append(text);
    else if (text !== undefined) element.textContent = text;
    return element;
  }

  const isolated = (text) => make("bdi", text);
  const titleOf = (member) => member.version === null ? member.name : `${member.name} ${member.version}`;

  /* ---- what there is to draw: one tree for each kind of size ---- */

  function reachable() {
    const seen = new Set(), pending = [...asked];
    while (pending.length) {
      const key = pending.pop();
      if (!seen.has(key) && members.has(key)) { seen.add(key); pending.push(...members.get(key).needs); }
    }
    return seen;
  }

  /* A directory that holds nothing but another one is told together with that. */
  function contentNode([name, size, children], member) {
    while (children && children.length === 1 && children[0][2]) {
      name = `${name}/${children[0][0]}`;
      children = children[0][2];
    }
    return { name, size, member, children: (children || []).map((each) => contentNode(each, member)) };
  }

  function installedTree() {
    const children = [];
    for (const key of reachable()) {
      const member = members.get(key), content = data.contents[key];
      if (!content) continue;
      const node = contentNode(content, member);
      const lead = node.name.split("/").slice(1).join("/");
      const size = member.installed ? member.installed.own : node.size;
      children.push({ ...node, name: titleOf(member), size, lead, key });
    }
    return { name: data.project, children };
  }

  function downloadTree() {
    const users = new Map();
    for (const member of members.values()) {
      for (const file of member.files) {
        const entry = users.get(file.sha256) || { file, members: [] };
        entry.members.push(member);
        users.set(file.sha256, entry);
      }
    }
    const own = new Map(), shared = [];
    for (const { file, members: of } of users.values()) {
      const node = { name: file.name, size: file.size, file, member: of[0], users: of, children: [] };
      if (of.length > 1) shared.push(node);
      else own.set(of[0].key, [...(own.get(of[0].key) || []), node]);
    }
    const children = [...own].map(([key, files]) => ({
      name: titleOf(members.get(key)), key, member: members.get(key), children: files,
    }));
    if (shared.length) children.push({ name: "files of several packages", grey: true, children: shared });
    return { name: data.project, children };
  }

  function finish(node, id, parent, hue) {
    node.id = id;
    node.parent = parent;
    node.hue = hue;
    node.children.forEach((child, index) => { child.place = index; });
    node.children = node.children.filter((child) => child.size !== 0);
    if (node.size === undefined && node.children.every((child) => child.children.length === 0)) {
      node.size = node.children.reduce((sum, child) => sum + child.size, 0);
    }
    for (const child of node.children) {
      if (child.size === undefined) child.size = child.children.reduce((sum, each) => sum + each.size, 0);
    }
    if (node.size === undefined) node.size = node.children.reduce((sum, child) => sum + child.size, 0);
    node.children.sort((one, other) => other.size - one.size || one.place - other.place);
    node.children.forEach((child, index) => {
      child.grey = child.grey || node.grey || (!parent && child.member && child.member.part !== "package");
      const turn = parent ? hue + (index * 11) % 24 - 12 : (250 + index * 137.508) % 360;
      finish(child, `${id}/${encodeURIComponent(child.key || child.name)}`, node, turn);
    });
    return node;
  }

  const trees = {
    installed: finish(installedTree(), "#installed", null, 250),
    download: finish(downloadTree(), "#download", null, 250),
  };
  const byId = new Map();
  function* walk(node) { yield node; for (const child of node.children) yield* walk(child); }
  for (const tree of Object.values(trees)) for (const node of walk(tree)) byId.set(node.id, node);

  /* ---- squarified treemap: Bruls, Huizing, van Wijk (2000) ---- */

  function squarify(nodes, x, y, width, height) {
    const total = nodes.reduce((sum, node) => sum + node.size, 0);
    const placed = [];
    if (!(total > 0) || width <= 0 || height <= 0) return placed;
    const scale = width * height / total;
    let start = 0;
    while (start < nodes.length) {
      const side = Math.min(width, height);
      let end = start, area = 0, worst = Infinity;
      while (end < nodes.length) {
        const next = area + nodes[end].size * scale;
        const ratio = Math.max(
          side * side * nodes[start].size * scale / (next * next), next * next / (side * side * nodes[end].size * scale));
        if (ratio > worst) break;
        worst = ratio;
        area = next;
        end++;
      }
      const thick = area / side;
      let along = 0;
      for (const node of nodes.slice(start, end)) {
        const length = node.size * scale / thick;
        placed.push(width >= height
          ? { node, x, y: y + along, width: thick, height: length }
          : { node, x: x + along, y, width: length, height: thick });
        along += length;
      }
      if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
      start = end;
    }
    return placed;
  }

  /* ---- the map ---- */

  let current = data.installed !== null ? trees.installed : trees.download;
  let chosen = current, tiles = [], matches = null, drawn = null;

  function place(element, box) {
    element.style.left = `${box.x + GAP / 2}px`;
    element.style.top = `${box.y + GAP / 2}px`;
    element.style.width = `${Math.max(1, box.width - GAP)}px`;
    element.style.height = `${Math.max(1, box.height - GAP)}px`;
    element.style.setProperty("--hue", box.node.hue.toFixed(1));
    if (box.node.grey) element.classList.add("grey");
  }

  function label(node, box) {
    const text = make("span", undefined, { class: "label" });
    text.append(make("b", isolated(node.name)));
    if (box.width > 90) text.append(` ${formatSize(node.size)}`);
    return text;
  }

  function drawInner(tile, { node, width, height }, level) {
    if (width < 60 || height < 60 || level > MOST_LEVELS) return;
    for (const inner of squarify(node.children, 3, LABEL, width - GAP - 6, height - GAP - LABEL - 3)) {
      if (inner.width < 4 || inner.height < 4) continue;
      const part = make("span", undefined, { class: "tile inner" });
      place(part, inner);
      part.style.setProperty("--level", Math.min(level, 5));
      if (inner.width > 44 && inner.height > 18) {
        part.append(label(inner.node, inner));
        drawInner(part, inner, level + 1);
      }
      tile.append(part);
    }
  }

  function drawTile(box) {
    const { node } = box;
    const tile = make("button", undefined, {
      type: "button", class: "tile", tabindex: "-1",
      "aria-label": `${node.name}, ${formatSize(node.size)}, ${formatShare(node.size, current.size)}`,
    });
    place(tile, box);
    const named = box.width > LEAST_LABEL && box.height > LABEL;
    if (named) tile.append(label(node, box));
    if (named) drawInner(tile, box, 1);
    tile.addEventListener("click", () => enter(node));
    tile.addEventListener("focus", () => { choose(node); aim(tile); });
    tile.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") showTip(node, event); });
    tile.addEventListener("pointerleave", hideTip);
    map.append(tile);
    return { ...box, tile };
  }

  function draw() {
    hideTip();
    map.replaceChildren();
    drawn = { width: map.clientWidth, height: map.clientHeight };
    tiles = squarify(current.children, 0, 0, map.clientWidth, map.clientHeight)
      .filter((box) => box.width > 1.5 && box.height > 1.5).map(drawTile);
    if (!tiles.length) map.append(make("p", "There is nothing to draw here."));
    else tiles[0].tile.tabIndex = 0;
    mark();
    drawPath();
    drawList();
  }

  function aim(tile) {
    for (const each of tiles) each.tile.tabIndex = each.tile === tile ? 0 : -1;
  }

  function mark() {
    for (const { node, tile } of tiles) {
      tile.classList.toggle("chosen", node === chosen);
      tile.classList.toggle("dim", matches !== null && !matches.has(node));
    }
  }

  function drawPath() {
    const steps = [];
    for (let node = current; node; node = node.parent) steps.unshift(node);
    const path = $("path");
    path.replaceChildren();
    steps.forEach((node, index) => {
      if (index) path.append(make("i", "›", { "aria-hidden": "true" }));
      if (node === current) path.append(make("b", isolated(node.name), { "aria-current": "location" }));
      else {
        const button = make("button", isolated(node.name), { type: "button" });
        button.addEventListener("click", () => go(node, steps[index + 1]));
        path.append(button);
      }
    });
    path.append(make("i", `${formatSize(current.size)}`));
  }

  function drawList() {
    const rows = current.children.slice(0, 200).map((node) => {
      const row = make("tr"), button = make("button", isolated(node.name), { type: "button" });
      button.addEventListener("click", () => enter(node));
      row.append(make("td", button), make("td", formatSize(node.size)), make("td", formatShare(node.size, current.size)));
      return row;
    });
    $("list").tBodies[0].replaceChildren(...rows);
  }

  /* ---- going about ---- */

  function enter(node) {
    if (node.children.length) go(node);
    else {
      choose(node);
      // Where all stands in one column, what is told is far below.
      if (matchMedia("(max-width: 800px)").matches) detail.scrollIntoView({ block: "start" });
    }
  }

  function go(node, focus) {
    const kept = map.contains(document.activeElement) || document.activeElement === document.body;
    current = node;
    const target = focus && node.children.includes(focus) ? focus : null;
    show(target || node);
    draw();
    if (location.hash !== node.id) history.pushState(null, "", node.id);
    if (kept || target) {
      const box = target ? tiles.find((each) => each.node === target) : tiles[0];
      if (box) { aim(box.tile); box.tile.focus({ preventScroll: true, focusVisible: true }); }
    }
    if (!target) show(node);
    for (const kind of ["installed", "download"]) $(kind).setAttribute("aria-pressed", String(rootOf(node) === trees[kind]));
  }

  const rootOf = (node) => { while (node.parent) node = node.parent; return node; };
  const topOf = (node) => { while (node.parent && node.parent.parent) node = node.parent; return node; };

  function choose(node) { show(node); }

  function show(node) {
    chosen = node;
    mark();
    detail.replaceChildren(...describe(node));
    detail.scrollTop = 0;
  }

  function showMember(key) {
    const root = rootOf(current);
    const node = root.children.find((each) => each.key === key);
    if (node) go(root, node);
    else { chosen = null; mark(); detail.replaceChildren(...describeMember(members.get(key))); }
  }

  function step(event) {
    const from = tiles.find((each) => each.tile === document.activeElement);
    const turn = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!from || !turn) return;
    event.preventDefault();
    const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
    const [x, y] = middle(from);
    let best = null, least = Infinity;
    for (const box of tiles) {
      const [toX, toY] = middle(box);
      const ahead = (toX - x) * turn[0] + (toY - y) * turn[1];
      const beside = Math.abs((toX - x) * turn[1]) + Math.abs((toY - y) * turn[0]);
      if (box !== from && ahead > 0.5 && ahead + 2 * beside < least) { best = box; least = ahead + 2 * beside; }
    }
    if (best) best.tile.focus();
  }

  /* ---- what is told of a thing ---- */

  function section(title, ...content) {
    return content.length ? [make("h3", title), ...content] : [];
  }

  function pairs(entries) {
    const list = make("dl");
    for (const [name, value] of entries) {
      if (value === null || value === undefined || value === "") continue;
      list.append(make("dt", name), make("dd", value instanceof Node ? value : isolated(value)));
    }
    return list;
  }

  const code = (text) => text === null || text === undefined ? null : make("code", text);

  function links(keys) {
    const line = make("p");
    for (const key of keys) {
      const member = members.get(key);
      if (!member) continue;
      const button = make("button", isolated(titleOf(member)), { type: "button", class: "link" });
      button.addEventListener("click", () => showMember(key));
      line.append(button);
    }
    return line;
  }

  function describe(node) {
    if (!node.parent) return describeAll();
    if (node.key) return describeMember(node.member);
    if (node.file) return describeFile(node);
    if (!node.member) return [make("h2", isolated(node.name)), make("p", `${formatSize(node.size)}, each file once`, { class: "note" })];
    return describeContent(node);
  }

  function describeAll() {
    const missing = Object.entries(data.lacking);
    return [
      make("h2", isolated(data.project)), make("p", "the whole environment", { class: "kind" }),
      pairs([
        ["system", data.system], ["environment", data.environment],
        ["in the store", data.installed === null ? "not all of it" : formatSize(data.installed)],
        ["to download", formatSize(data.download)],
      ]),
      ...section("Asked for", links(data.asked)),
      ...section("Besides", links(data.members.filter((each) => !asked.has(each.key)).map((each) => each.key))),
      ...(missing.length ? section("Missing here", pairs(missing)) : []),
    ];
  }

  function bar(measure) {
    const line = make("div", undefined, { class: "bar", "aria-hidden": "true" });
    const own = make("i"), rest = make("i");
    own.style.width = `${measure.closure ? 100 * measure.own / measure.closure : 0}%`;
    rest.style.width = `${measure.closure ? 100 * (measure.closure - measure.own) / measure.closure : 0}%`;
    line.append(own, rest);
    return line;
  }

  function measures(measure) {
    return pairs([
      ["itself", formatSize(measure.own)], ["with all it needs", formatSize(measure.closure)],
      ["only for it", formatSize(measure.alone)], ["shared", formatSize(measure.closure - measure.alone)],
    ]);
  }

  function questionOf(member) {
    const question = member.question;
    if (!question) return [];
    return [
      ...section("Question", pairs([
        ["asked for", code(question.request)], ["of", `${question.input} (${question.locator})`],
      ])),
      ...section("Answer in the lock", pairs([
        ["version", member.version],
        ["chosen by", question.index === null ? null : `${question.index} (${question.index_locator})`],
        ["as of", question.date],
        ["revision", code(question.revision)],
        ["derivation", code(member.derivation)],
        ["object", code(member.output)],
        ["", member.present ? "" : "not in the store"],
      ])),
    ];
  }

  function describeMember(member) {
    const files = make("ul");
    for (const file of [...member.files].sort((one, other) => other.size - one.size)) {
      const line = make("li", undefined, { class: "file", title: `sha256 ${file.sha256}` });
      line.append(isolated(file.name), make("span", formatSize(file.size)), make("code", file.locator));
      if (file.requires) line.append(make("span", `needs ${file.requires}`, { class: "note" }));
      files.append(line);
    }
    return [
      make("h2", isolated(titleOf(member))),
      make("p", asked.has(member.key) ? "package that was asked for" : KINDS[member.part], { class: "kind" }),
      ...(member.installed ? section("In the store", bar(member.installed), measures(member.installed)) : []),
      ...questionOf(member),
      ...(member.needs.length ? section("Needs", links(member.needs)) : []),
      ...(member.made_with.length ? section("Made with", links(member.made_with)) : []),
      ...(member.needed_by.length ? section("Needed by", links(member.needed_by)) : []),
      ...(member.files.length
        ? section("Files", make("p", `${formatSize(member.download.own)} to download`, { class: "note" }), files) : []),
    ];
  }

  function describeFile(node) {
    return [
      make("h2", isolated(node.name)), make("p", "file that the lock pins", { class: "kind" }),
      pairs([
        ["size", formatSize(node.file.size)], ["locator", code(node.file.locator)], ["sha256", code(node.file.sha256)],
        ["needs", node.file.requires],
      ]),
      ...section("Pinned for", links(node.users.map((each) => each.key))),
      ...(node.users.length === 1 ? questionOf(node.member) : []),
    ];
  }

  function pathOf(node) {
    const names = [];
    let each = node;
    for (; !each.key; each = each.parent) names.unshift(each.name);
    return (each.lead ? [each.lead, ...names] : names).join("/");
  }

  function describeContent(node) {
    const top = topOf(node);
    return [
      make("h2", isolated(node.name)),
      make("p", node.children.length ? "directory in the store" : "in the store", { class: "kind" }),
      pairs([
        ["size", formatSize(node.size)], ["share", `${formatShare(node.size, top.size)} of the package`],
        ["path", code(pathOf(node))],
      ]),
      ...section("Part of", links([node.member.key])),
      ...questionOf(node.member),
    ];
  }

  /* ---- a few words beside the pointer ---- */

  function showTip(node, event) {
    if (tip.node !== node) {
      tip.node = node;
      const question = node.member && node.member.question;
      const answer = question && [
        `${question.input} ← ${question.request}`, node.member.version, question.date && question.date.slice(0, 10),
      ].filter(Boolean).join(" · ");
      tip.replaceChildren(
        make("b", isolated(node.name)), make("div", `${formatSize(node.size)}, ${formatShare(node.size, current.size)}`),
        ...(answer ? [make("p", isolated(answer))] : []));
    }
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 6))}px`;
    tip.style.top = `${event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 18}px`;
  }

  function hideTip() { tip.hidden = true; tip.node = null; }

  /* ---- searching ---- */

  let results = [], picked = 0;

  function textOf(node) {
    const file = node.file ? ` ${node.file.locator}` : "";
    return (node.key && node.member.output ? `${node.name} ${node.member.output}` : node.name + file).toLowerCase();
  }

  function find() {
    hideTip();
    const words = search.value.trim().toLowerCase();
    const root = rootOf(current);
    matches = null;
    results = [];
    if (words) {
      matches = new Set();
      for (const node of walk(root)) {
        if (!node.parent || !textOf(node).includes(words)) continue;
        results.push(node);
        for (let each = node; each; each = each.parent) matches.add(each);
        if (node.key) for (const each of walk(node)) matches.add(each);
      }
      results.sort((one, other) => Number(!!other.key) - Number(!!one.key) || other.size - one.size);
      const shown = new Set(root.children.map((node) => node.key));
      for (const member of members.values()) {
        if (!shown.has(member.key) && titleOf(member).toLowerCase().includes(words)) {
          results.push({ name: titleOf(member), key: member.key, size: member.download.own, member, outside: true });
        }
      }
      results = results.slice(0, MOST_FOUND);
    }
    picked = 0;
    drawFound(words);
    mark();
  }

  function drawFound(words) {
    found.replaceChildren(...results.map((node, index) => {
      const line = make("li", undefined, { role: "option", id: `found-${index}`, "aria-selected": String(index === picked) });
      const name = make("span", isolated(node.name));
      if (!node.key && node.member) name.append(make("small", isolated(`${node.file ? "" : `${pathOf(node)} `}in ${titleOf(node.member)}`)));
      line.append(name, make("span", formatSize(node.size)));
      line.addEventListener("pointerdown", (event) => { event.preventDefault(); take(node); });
      return line;
    }));
    if (words && !results.length) found.append(make("li", "nothing is called so"));
    found.hidden = !words;
    search.setAttribute("aria-expanded", String(!!words));
    if (results.length) search.setAttribute("aria-activedescendant", `found-${picked}`);
    else search.removeAttribute("aria-activedescendant");
  }

  function take(node) {
    search.value = "";
    find();
    search.blur();
    if (node.outside) showMember(node.key);
    else go(node.parent, node);
    show(node.outside ? chosen || current : node);
    if (node.outside) detail.replaceChildren(...describeMember(node.member));
  }

  search.addEventListener("input", find);
  search.addEventListener("blur", () => { found.hidden = true; });
  search.addEventListener("focus", () => { if (search.value) find(); });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      picked = Math.max(0, Math.min(results.length - 1, picked + (event.key === "ArrowDown" ? 1 : -1)));
      drawFound(search.value.trim());
      const line = $(`found-${picked}`);
      if (line) line.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (results[picked]) take(results[picked]);
    }
    else if (event.key === "Escape") { event.stopPropagation(); search.value = ""; find(); search.blur(); }
  });

  /* ---- beginning ---- */

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    else if (event.key === "Escape" || event.key === "Backspace") { if (current.parent) go(current.parent, current); }
    else step(event);
  });
  for (const kind of ["installed", "download"]) {
    $(kind).disabled = trees[kind].children.length === 0;
    $(kind).addEventListener("click", () => {
      const top = current.parent ? topOf(current) : null;
      go((top && top.key && trees[kind].children.find((each) => each.key === top.key)) || trees[kind]);
    });
  }
  $("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
  addEventListener("popstate", () => go(byId.get(location.hash) || trees.installed.children.length && trees.installed || trees.download));
  new ResizeObserver(() => {
    if (map.clientWidth === drawn.width && map.clientHeight === drawn.height) return;
    const focused = tiles.find((each) => each.tile === document.activeElement);
    draw();
    const again = focused && tiles.find((each) => each.node === focused.node);
    if (again) again.tile.focus({ preventScroll: true });
  }).observe(map);
  $("project").append(isolated(data.project));
  $("facts").textContent = [
    data.system, data.environment === "default" ? null : data.environment, `${data.asked.length} packages`,
    data.installed === null ? null : `${formatSize(data.installed)} in the store`, `${formatSize(data.download)} to download`,
  ].filter(Boolean).join(" · ");
  const first = byId.get(location.hash) || current;
  current = first;
  show(first);
  draw();
  for (const kind of ["installed", "download"]) $(kind).setAttribute("aria-pressed", String(rootOf(first) === trees[kind]));
  document.documentElement.dataset.ready = "yes";
})();
