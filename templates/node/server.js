import { createServer } from "node:http";
import { greet } from "./greet.js";

const server = createServer((request, response) => {
  const name = URL.parse(request.url, "http://localhost")?.searchParams.get("name") ?? "world";
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${greet(name)}\n`);
});

server.listen(process.env.PORT ?? 3000, "localhost", () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});
