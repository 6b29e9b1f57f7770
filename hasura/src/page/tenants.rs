//! The tenants as a matrix: who has which of the latest migrations, and how much differs.

use std::collections::{HashMap, HashSet};

use maud::{Markup, html};
use nself_report::home;

use super::reading::{Applied, Reading, TENANTS, Tenant, latest_versions};
use crate::drift::Drift;

pub fn section(read: &Reading, drift: Option<&Drift>) -> Markup {
    let versions = latest_versions(&read.figures);
    let applied: HashSet<(&str, &str)> =
        read.applied.iter().map(|Applied { tenant, version }| (tenant.as_str(), version.as_str())).collect();
    let differing = drift.map(by_schema);
    let all = read.tenants.len();
    html! {
        section aria-labelledby="tenants" {
            div.head { h2 #tenants tabindex="-1" { "Tenants" } }
            @if all > TENANTS {
                p.notice.warning { "Shown are " (TENANTS) " of " (all) ", those that are behind first. " code { "nself tenants list" } " lists all." }
            }
            div.scroll role="region" aria-label="Tenants and their migrations" tabindex="0" {
                table.rows.matrix {
                    thead {
                        tr {
                            th scope="col" { "Tenant" }
                            th scope="col" { "State" }
                            th.number scope="col" { "Drift" }
                            @for version in &versions { th.cell scope="col" { code { (version) } } }
                        }
                    }
                    tbody {
                        @for tenant in read.tenants.iter().take(TENANTS) {
                            (row(tenant, &versions, &applied, differing.as_ref()))
                        }
                    }
                }
            }
            p.faint { "● applied, ○ not applied. The columns are the latest migrations; the drift is that of the last look." }
        }
    }
}

/// How many items of drift are in each schema.
fn by_schema(drift: &Drift) -> HashMap<String, usize> {
    let mut number = HashMap::new();
    for schema in drift.items.iter().filter_map(home::schema) {
        *number.entry(schema).or_default() += 1;
    }
    number
}

fn row(
    tenant: &Tenant,
    versions: &[&str],
    applied: &HashSet<(&str, &str)>,
    differing: Option<&HashMap<String, usize>>,
) -> Markup {
    let class = if tenant.is_up_to_date() { "applied" } else { "pending" };
    html! {
        tr {
            th scope="row" { (tenant.tenant) @if tenant.schema != tenant.tenant { p.detail { "schema " code { (tenant.schema) } } } }
            td { span class={ "mark " (class) } { (tenant.state) } p.detail { (tenant.applied) " applied, " (tenant.pending) " pending" } }
            td.number {
                @match differing.map(|of| of.get(&tenant.schema).copied().unwrap_or(0)) {
                    Some(0) => { "none" }
                    Some(number) => { strong.bad { (number) } }
                    None => { "unknown" }
                }
            }
            @for version in versions {
                @if applied.contains(&(tenant.schema.as_str(), *version)) {
                    td.cell.has { span aria-hidden="true" { "●" } span.hidden { "applied" } }
                } @else {
                    td.cell.lacks { span aria-hidden="true" { "○" } span.hidden { "not applied" } }
                }
            }
        }
    }
}
