//! META.json, by which PGXN knows the extension.

use pgxn_meta::valid::Validator;
use serde_json::Value;

#[test]
fn it_is_valid_by_the_published_schema_and_of_this_version() {
    let mut meta: Value = serde_json::from_str(include_str!("../../META.json")).unwrap();
    Validator::new().validate(&meta).unwrap_or_else(|error| panic!("{error}"));
    for version in [&meta["version"], &meta["provides"]["nself_heal"]["version"]] {
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
    }
    for file in ["file", "docfile"] {
        let path = format!(
            "{}/../{}",
            env!("CARGO_MANIFEST_DIR"),
            meta["provides"]["nself_heal"][file].as_str().unwrap()
        );
        assert!(std::path::Path::new(&path).is_file(), "{path}");
    }
    // The control: it would say so.
    meta["license"] = "none of these".into();
    assert!(Validator::new().validate(&meta).is_err());
}
