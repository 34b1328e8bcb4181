#!/usr/bin/env node
// The pinned npm compiler in the shape of a `solc` program, as far as crytic-compile asks for it:
// `--version`, and `--standard-json` with the input on stdin.  Imports come from node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const CONTRACTS = join(dirname(fileURLToPath(import.meta.url)), "../../../node/contracts");
const solc = createRequire(join(CONTRACTS, "package.json"))("solc");

function findImport(path) {
  try {
    return { contents: readFileSync(join(CONTRACTS, "node_modules", path), "utf8") };
  } catch {
    return { error: `no such file: ${path}` };
  }
}

if (process.argv.includes("--version")) {
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}`);
} else if (process.argv.includes("--standard-json")) {
  const input = readFileSync(0, "utf8");
  process.stdout.write(solc.compile(input, { import: findImport }));
} else {
  console.error("answers --version and --standard-json only");
  process.exit(1);
}
