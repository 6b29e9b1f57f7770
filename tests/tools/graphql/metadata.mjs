// metadata.mjs FOLDER: a metadata folder of Hasura's as the JSON that its server exports, as a constant of the type that
// Hasura's console has for it. The compiler says whether it is one.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { parse, print } from "graphql";
import { parse as yaml } from "yaml";

const [folder] = process.argv.slice(2);
const here = fileURLToPath(new URL(".", import.meta.url));

function load(path) {
  const included = (value) => {
    if (typeof value === "string" && value.startsWith("!include ")) return load(join(dirname(path), value.slice(9)));
    if (Array.isArray(value)) return value.map(included);
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, included(of)]));
    return value;
  };
  return included(yaml(readFileSync(path, "utf8")));
}

const { version } = load(join(folder, "version.yaml"));
const sources = load(join(folder, "databases/databases.yaml"));
const { actions: defined } = load(join(folder, "actions.yaml"));
const types = parse(readFileSync(join(folder, "actions.graphql"), "utf8")).definitions;
const typed = (fields) => fields.map((field) => ({ name: field.name.value, type: print(field.type) }));
const isRoot = (type) => ["Query", "Mutation"].includes(type.name.value);
const declared = types.filter(isRoot).flatMap((type) => type.fields.map((field) => [field.name.value, { type, field }]));
const actions = defined.map((action) => {
  const { type, field } = Object.fromEntries(declared)[action.name];
  const { kind, ...definition } = action.definition;
  return {
    ...action,
    definition: {
      forward_client_headers: false,
      ...definition,
      ...(kind === "" ? {} : { kind }),
      type: type.name.value.toLowerCase(),
      arguments: typed(field.arguments),
      output_type: print(field.type),
    },
  };
});
const objects = types.filter((type) => !isRoot(type)).map((type) => ({ name: type.name.value, fields: typed(type.fields) }));
const metadata = { resource_version: 1, metadata: { version, sources, actions, custom_types: { objects } } };

const count = sources[0].tables.length + sources[0].functions.length + actions.length;
writeFileSync(
  join(here, "metadata.ts"),
  `import type { Metadata } from "hasura-metadata-types";

export const metadata: Metadata = ${JSON.stringify(metadata, null, 2)};

// The control: what is not of the type is seen.
// @ts-expect-error
export const wrong: Metadata["metadata"]["actions"] = [{ name: "x", definition: { handler: 1 } }];
`,
);
const compiler = join(here, "node_modules/typescript/bin/tsc");
const options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "metadata.ts"];
try {
  execFileSync(process.execPath, [compiler, ...options], { cwd: here, encoding: "utf8" });
  console.log(`ok    hasura/metadata: ${count} tables, functions and actions are of the types of Hasura's console`);
} catch (error) {
  console.log(`FAIL  hasura/metadata: ${error.stdout}`);
  process.exit(1);
}
