// The functions of schema nself_api through PostGraphile, over HTTP, as its clients call them. The database is the one that
// the environment names; roles are those of the header x-hasura-role. Prints a line for each check.
import { createServer } from "node:http";

import { grafserv } from "postgraphile/grafserv/node";
import { makePgService } from "postgraphile/adaptors/pg";
import { postgraphile } from "postgraphile";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const { PGHOST, PGPORT, PGUSER, PGDATABASE } = process.env;
const connectionString = `postgres://${PGUSER}@/${PGDATABASE}?host=${encodeURIComponent(PGHOST)}&port=${PGPORT}`;
const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString, schemas: ["nself_api"], pubsub: false })],
  grafast: {
    context: ({ node }) => ({ pgSettings: { role: node?.req.headers["x-hasura-role"] ?? "nobody" } }),
  },
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, maskError: (error) => error },
};

const server = createServer();
await postgraphile(preset).createServ(grafserv).addTo(server);
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const url = `http://127.0.0.1:${server.address().port}/graphql`;

async function ask(role, query, variables) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-hasura-role": role },
    body: JSON.stringify({ query, variables }),
  });
  return answer.json();
}

let failed = 0;
function expect(what, got, wanted) {
  const same = JSON.stringify(got) === JSON.stringify(wanted);
  console.log(same ? `ok    postgraphile: ${what}` : `FAIL  postgraphile: ${what}: ${JSON.stringify(got)}`);
  failed += same ? 0 : 1;
}
const messages = (answer) => answer.errors?.map((error) => error.message);

const fields = await ask("operator", "{ __schema { queryType { fields { name } } mutationType { fields { name } } } }");
const names = (type) => fields.data.__schema[type].fields.map((field) => field.name).sort();
expect("the queries are those of the stable functions", names("queryType").filter((name) => name !== "node" && name !== "query" && name !== "id"), [
  "drift", "driftNotCompared", "environment", "healHistory", "healPlan", "healStatus", "healSteps", "ignored", "job", "jobs",
  "migratePlan", "migrateRehearse", "migrateStatus", "migrateVerify", "tenantDrift", "tenantStatus",
]);
expect("the mutations are those of the others that its login may call as some role, and none writes a row", names("mutationType"), [
  "heal", "healStart", "jobCancel", "migrateUp", "migrateUpStart", "tenantUp", "tenantUpStart",
]);
const told = await ask("operator", `{ field: __type(name: "Query") { fields { name description } } type: __type(name: "DriftItem") { description fields { name type { kind } } } }`);
expect("a function has its comment", told.data.field.fields.find((field) => field.name === "drift").description.startsWith("Needs level look. Compares the live schema"), true);
expect("a row type has its comment, without what is for PostGraphile", told.data.type.description.startsWith("An object that differs"), true);
expect("what always has a value is not null", told.data.type.fields.filter((field) => field.type.kind === "NON_NULL").map((field) => field.name), ["kind", "objectType", "identity", "remedy", "safety"]);

const drift = "{ drift { nodes { kind objectType identity safety } } }";
const missing = { drift: { nodes: [{ kind: "missing", objectType: "table column", identity: "public.people.mail", safety: "additive" }] } };
expect("drift is a query", await ask("operator", drift), { data: missing });
expect("arguments have their names and defaults", await ask("deployer", `query ($against: String) { drift(against: $against) { nodes { identity } } healHistory(maxEvents: 1) { nodes { event } } }`, { against: "journal" }), {
  data: { drift: { nodes: [{ identity: "public.teams" }, { identity: "public.people.mail" }] }, healHistory: { nodes: [] } },
});
expect("status of migrations", await ask("operator", "{ migrateStatus { nodes { version name state } } migratePlan { nodes { version status } } }"), {
  data: {
    migrateStatus: { nodes: [{ version: "1", name: "people", state: "applied" }, { version: "2", name: "teams", state: "pending" }] },
    migratePlan: { nodes: [{ version: "2", status: "planned" }] },
  },
});
const heal = (confirm) => `mutation { heal(input: { confirm: ${confirm} }) { result { step identity status } } }`;
const step = (status) => ({ data: { heal: { result: [{ step: 1, identity: "public.people.mail", status }] } } });
expect("a dry run of a heal changes nothing", await ask("deployer", heal(false)), step("planned"));
expect("who may look heals nothing", messages(await ask("operator", heal(true))), ["nself_heal(true) needs level heal, and role operator has level look"]);
expect("who may look starts no job", messages(await ask("operator", "mutation { healStart(input: {}) { result { job } } }")), ["permission denied for function heal_start"]);
// On a connection that has run it before, the server looks for the right to use the schema no more, but for that to call.
expect("who has no level sees nothing", messages(await ask("nobody", drift))[0].startsWith("permission denied for "), true);
expect("a value that is not known is an error with its message", messages(await ask("operator", `{ drift(against: "x") { nodes { kind } } }`)), ['cannot compare against "x"']);
expect("a heal that is confirmed heals", await ask("deployer", heal(true)), step("applied"));
expect("and there is no drift then", await ask("operator", drift), { data: { drift: { nodes: [] } } });
expect("and it is in the history", await ask("operator", "{ healHistory { nodes { event confirmed outcome applied } } healSteps { nodes { identity status } } }"), {
  data: {
    healHistory: { nodes: [{ event: "2", confirmed: true, outcome: "healed", applied: 1 }, { event: "1", confirmed: false, outcome: "dry run", applied: 0 }] },
    healSteps: { nodes: [{ identity: "public.people.mail", status: "applied" }] },
  },
});
expect("a migration is applied", await ask("deployer", "mutation { migrateUp(input: {}) { result { version name status } } }"), {
  data: { migrateUp: { result: [{ version: "2", name: "teams", status: "applied" }] } },
});
expect("nobody writes a row into a row type", (await ask("deployer", "mutation { createDriftItem(input: {}) { clientMutationId } }")).errors.length, 1);

process.exit(failed === 0 ? 0 : 1);
