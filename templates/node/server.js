import { createServer } from "node:http";
import { greet } from "./greet.js";

const port = Number(process.env.PORT ?? 3000);

createServer((request, response) => {
  const name = new URL(request.url ?? "/", "http://localhost").searchParams.get("name") ?? "world";
  response.setHeader("Content-Type", "text/plain; charset=utf-8");
  response.end(`${greet(name)}\n`);
}).listen(port, () => console.log(`listening on port ${port}`));
