// Compiles sources/**/*.sol to artifacts/*.json: npm ci && node build.mjs [output folder]
// The same sources, lock file and settings give the same bytes on every machine.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const COMPILER = "0.8.28+commit.7893614a";
// folder below sources/ -> its contracts; each is compiled alone, so that none changes another
const SUITES = {
  "": [
    "GovernmentRegistry",
    "HospitalRegistry",
    "DoctorRegistry",
    "PatientRegistry",
    "PmrToken",
    "PmrMultiToken", // in place of PmrToken
    "LabRegistry",
    "ConsentRegistry",
    "CustodyLedger",
    "IomtRegistry",
    "InsuranceRegistry",
    "ResearchPool",
    "AppointmentBook",
  ],
  "bench/": ["BenchToken", "BenchRegistry"], // what `wardnet bench ledger` runs
};
const SETTINGS = {
  evmVersion: "london",
  optimizer: { enabled: true, runs: 200 },
  viaIR: false,
};

const solc = createRequire(join(HERE, "package.json"))("solc");
if (!solc.version().startsWith(COMPILER)) {
  throw new Error(`solc is ${solc.version()}, the artifacts want ${COMPILER}`);
}

function sourcesIn(folder) {
  const sources = {};
  const found = readdirSync(join(HERE, "sources", folder));
  for (const name of found.filter((each) => each.endsWith(".sol")).sort()) {
    const content = readFileSync(join(HERE, "sources", folder, name), "utf8");
    sources[folder + name] = { content };
  }
  return sources;
}

function findImport(path) {
  try {
    return { contents: readFileSync(join(HERE, "node_modules", path), "utf8") };
  } catch {
    return { error: `no such file: ${path}` };
  }
}

function compile(sources) {
  const selection = {
    "*": { "*": ["abi", "metadata", "storageLayout", "evm.bytecode.object",
      "evm.deployedBytecode.object", "evm.deployedBytecode.immutableReferences"] },
  };
  const settings = { ...SETTINGS, outputSelection: selection };
  const input = JSON.stringify({ language: "Solidity", sources, settings });
  const output = JSON.parse(solc.compile(input, { import: findImport }));
  const problems = output.errors ?? [];
  for (const each of problems) console.error(each.formattedMessage);
  if (problems.length > 0) process.exit(1); // a warning is a fault too
  return output.contracts;
}

// keys in one order, so that the text depends on the content alone
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

function artifactOf(name, folder, sources, contracts) {
  const built = contracts[`${folder}${name}.sol`][name];
  const used = Object.keys(JSON.parse(built.metadata).sources).filter((each) => each in sources);
  const digests = used.map((each) => [
    each,
    createHash("sha256").update(sources[each].content, "utf8").digest("hex"),
  ]);
  return {
    contract: name,
    compiler: COMPILER,
    settings: SETTINGS,
    sources: Object.fromEntries(digests),
    abi: built.abi,
    bytecode: built.evm.bytecode.object,
    deployedBytecode: built.evm.deployedBytecode.object,
    immutableReferences: built.evm.deployedBytecode.immutableReferences,
    storageLayout: built.storageLayout,
    metadata: built.metadata,
  };
}

const target = process.argv[2] ?? join(HERE, "artifacts");
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
for (const [folder, names] of Object.entries(SUITES)) {
  const sources = sourcesIn(folder);
  const contracts = compile(sources);
  for (const name of names) {
    const text = JSON.stringify(sorted(artifactOf(name, folder, sources, contracts)), null, 1);
    writeFileSync(join(target, `${name}.json`), text + "\n");
  }
}
