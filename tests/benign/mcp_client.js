// Speaks to an MCP server over its standard input and output, as an agent does: initialises, lists the
// tools, writes, reads, edits, searches and moves a file. Fails on the first answer that is an error.
//   node mcp_client.js SERVER.js FOLDER
"use strict";
const { spawn } = require("node:child_process");
const { createInterface } = require("node:readline");
const [, , server, folder] = process.argv;

const child = spawn(process.execPath, [server, folder], { stdio: ["pipe", "pipe", "inherit"] });
const waiting = new Map();
createInterface({ input: child.stdout }).on("line", (line) => {
  const answer = JSON.parse(line);
  waiting.get(answer.id)?.(answer);
});
child.on("exit", (status) => {
  if (waiting.size > 0) {
    console.error(`the server ended with ${status}`);
    process.exit(1);
  }
});

let id = 0;
const send = (message) => child.stdin.write(JSON.stringify({ jsonrpc: "2.0", ...message }) + "\n");
const request = (method, params) =>
  new Promise((resolve, reject) => {
    id += 1;
    const mine = id;
    waiting.set(mine, (answer) => {
      waiting.delete(mine);
      if (answer.error || answer.result.isError) reject(new Error(`${method}: ${JSON.stringify(answer)}`));
      else resolve(answer.result);
    });
    send({ id: mine, method, params });
  });
const call = (name, args) => request("tools/call", { name, arguments: args });

async function main() {
  await request("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "mcp_client", version: "1" },
  });
  send({ method: "notifications/initialized" });
  const { tools } = await request("tools/list", {});
  console.log(tools.map((tool) => tool.name).join(" "));
  await call("create_directory", { path: `${folder}/sub` });
  await call("write_file", { path: `${folder}/file`, content: "hallo\n" });
  await call("edit_file", { path: `${folder}/file`, edits: [{ oldText: "hallo", newText: "hello" }] });
  await call("read_text_file", { path: `${folder}/file` });
  await call("list_directory", { path: folder });
  await call("directory_tree", { path: folder });
  await call("search_files", { path: folder, pattern: "**/fi*" });
  await call("get_file_info", { path: `${folder}/file` });
  await call("move_file", { source: `${folder}/file`, destination: `${folder}/moved` });
  child.stdin.end();
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error.message);
    process.exit(1);
  },
);
