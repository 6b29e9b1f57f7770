//! Extensions of which a migration names the version, and that have another one. What belongs to an extension, and its own row in
//! the catalog, may differ from one version to the next, so none of that tells it.

use std::collections::BTreeMap;

use nself_heal_core::members;
use nself_heal_core::plan::Step;

use crate::error::Error;
use crate::expected::Expected;
use crate::server::spi;

pub fn that_differ(expected: &Expected) -> Result<Vec<Step>, Error> {
    let named = expected.named_versions()?;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let names: Vec<&str> = named.keys().map(String::as_str).collect();
    let live: BTreeMap<String, (String, String)> = spi::read_json(
        "versions of extensions",
        "SELECT coalesce(json_object_agg(extname, json_build_array(quote_ident(extname), extversion)), '{}')::text \
           FROM pg_extension WHERE extname = ANY ($1)",
        &[names.into()],
    )?;
    let differs = |(name, wanted): (&String, &String)| {
        let (identity, version) = live.get(name)?;
        (version != wanted).then(|| members::other_version(name, identity, wanted, version))
    };
    Ok(named.iter().filter_map(differs).collect())
}
