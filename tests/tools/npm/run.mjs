// run.mjs TOOL FOLDER: the tool applies the folder to the database that the environment names.
import pg from "pg";

const [tool, folder] = process.argv.slice(2);
const quiet = () => {};

const tools = {
  async drizzle() {
    const { drizzle } = await import("drizzle-orm/node-postgres");
    const { migrate } = await import("drizzle-orm/node-postgres/migrator");
    await connected((client) => migrate(drizzle(client), { migrationsFolder: folder }));
  },
  async "drizzle-v1"() {
    const { drizzle } = await import("drizzle-orm-v1/node-postgres");
    const { migrate } = await import("drizzle-orm-v1/node-postgres/migrator");
    await connected((client) => migrate(drizzle({ client }), { migrationsFolder: folder }));
  },
  async "node-pg-migrate"() {
    const { runner } = await import("node-pg-migrate");
    await connected((dbClient) =>
      runner({ dbClient, dir: folder, direction: "up", migrationsTable: "pgmigrations", log: quiet }),
    );
  },
  async "graphile-migrate"() {
    const { migrate } = await import("graphile-migrate");
    const { Logger } = await import("@graphile/logger");
    const connectionString = `postgres://${process.env.PGUSER}@/${process.env.PGDATABASE}?host=${process.env.PGHOST}`;
    await migrate({ connectionString, migrationsFolder: folder, logger: new Logger(() => quiet) });
  },
};

async function connected(work) {
  const client = new pg.Client();
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

await tools[tool]();
