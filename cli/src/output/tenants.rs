//! What `nself tenants` says, and `nself db migrate up --all-tenants`.

use super::table::{cell, table};
use crate::rows::{Tenant, TenantAdded, TenantDifference, TenantStep};
use crate::terminal::style::{ERROR, GOOD, WARNING, paint};
use nself_report::names::{count, migration, object};
use nself_report::time::duration;

/// How many tenants are named in a line.
const NAMED: usize = 10;

/// The list of all tenants.
pub fn list(tenants: &[Tenant]) -> String {
    if tenants.is_empty() {
        return "There are no tenants.\n".to_owned();
    }
    let rows = tenants.iter().map(|of| {
        [
            of.tenant.clone(),
            of.schema.clone(),
            of.state.clone(),
            of.applied.to_string(),
            of.pending.to_string(),
            cell(of.last_version.as_ref()),
        ]
    });
    let behind = tenants.iter().filter(|of| of.state != "up to date").count();
    let table = table(["tenant", "schema", "state", "applied", "pending", "last version"], rows);
    let behind = match behind {
        0 => "All are up to date.".to_owned(),
        _ => format!("{behind} of {} not up to date.", count(tenants.len(), "tenant")),
    };
    format!("{table}{behind}\n")
}

pub fn added(TenantAdded { name, schema, note }: &TenantAdded) -> String {
    format!("Tenant {name} has schema {schema}: {note}.\n")
}

/// What differs in which tenants.
pub fn drift(differences: &[TenantDifference]) -> String {
    if differences.is_empty() {
        return "No drift in any tenant.\n".to_owned();
    }
    let line = |of: &TenantDifference| {
        let of_all = match of.identity.as_str() {
            "" => "the whole schema".to_owned(),
            identity => object(&of.object_type, identity),
        };
        let (first, rest) = of.tenants.split_at(of.tenants.len().min(NAMED));
        let rest = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
        let why = match (of.kind.as_str(), &of.actual) {
            ("not compared", Some(why)) => format!("\n    {why}"),
            _ => String::new(),
        };
        let tenants = first.join(", ");
        format!("{}: {of_all}\n  in {}: {tenants}{rest}{why}\n", of.kind, count(of.tenants.len(), "tenant"))
    };
    differences.iter().map(line).collect()
}

/// What became of each tenant, and how many are done, failed and not run.
pub fn ran(steps: &[TenantStep], dry_run: bool) -> String {
    let line = |step: &TenantStep| {
        let file = || {
            let (version, name) = (step.version.as_deref(), step.name.as_deref());
            migration(version.unwrap_or_default(), name.unwrap_or_default())
        };
        let detail = step.detail.as_deref().unwrap_or_default();
        match step.status.as_str() {
            "planned" => format!("{}: would apply {}\n", step.tenant, file()),
            "applied" => {
                let took = step.duration_ms.map(|ms| format!(" ({})", duration(ms))).unwrap_or_default();
                format!("{}: applying {} ... {}{took}\n", step.tenant, file(), paint(GOOD, "done"))
            }
            "failed" => format!("{}: {}: {detail}\n", step.tenant, paint(ERROR, "failed")),
            _ => format!("{}: {}\n", step.tenant, paint(WARNING, "not run")),
        }
    };
    let lines: String = steps.iter().map(line).collect();
    let with = |status: &str| {
        let mut tenants: Vec<&str> =
            steps.iter().filter(|step| step.status == status).map(|step| step.tenant.as_str()).collect();
        tenants.dedup();
        tenants.len()
    };
    let migrations =
        steps.iter().filter(|step| matches!(step.status.as_str(), "applied" | "planned")).count();
    let migrations = count(migrations, "migration");
    if dry_run {
        let tenants = count(with("planned"), "tenant");
        return format!("{lines}Dry run: {migrations} to apply to {tenants}. Nothing was changed.\n");
    }
    if steps.is_empty() {
        return "Nothing to apply: all tenants are up to date.\n".to_owned();
    }
    let mut summary = format!("Applied {migrations} to {}.", count(with("applied"), "tenant"));
    if with("failed") > 0 {
        summary += &format!(
            " {} failed, and {} as it was.",
            count(with("failed"), "tenant"),
            if with("failed") == 1 { "is" } else { "each is" }
        );
    }
    if with("not run") > 0 {
        summary +=
            &format!(" {} not run, because one of the first failed.", count(with("not run"), "tenant"));
    }
    format!("{lines}{summary}\n")
}
