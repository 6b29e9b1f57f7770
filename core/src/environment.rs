//! What a database is for: which names mean which environment.

/// What is asked for before something dangerous is done depends on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Local,
    Dev,
    Staging,
    Prod,
    /// Nobody said, or a name of somebody's own.
    Other,
}

impl Kind {
    /// Of a name that begins as one of these words do: `production` and `prod-eu` are prod.
    pub fn of(name: &str) -> Self {
        const BEGINNINGS: [(&str, Kind); 4] =
            [("local", Kind::Local), ("dev", Kind::Dev), ("stag", Kind::Staging), ("prod", Kind::Prod)];
        let name = name.to_ascii_lowercase();
        BEGINNINGS.iter().find(|(begins, _)| name.starts_with(begins)).map_or(Kind::Other, |(_, kind)| *kind)
    }

    pub fn word(self) -> Option<&'static str> {
        match self {
            Kind::Local => Some("local"),
            Kind::Dev => Some("dev"),
            Kind::Staging => Some("staging"),
            Kind::Prod => Some("prod"),
            Kind::Other => None,
        }
    }
}

/// Whether two names mean one environment.
pub fn is_same(one: &str, other: &str) -> bool {
    match (Kind::of(one), Kind::of(other)) {
        (Kind::Other, Kind::Other) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, is_same};

    #[test]
    fn names_of_one_environment() {
        for (name, kind) in [
            ("local", Kind::Local),
            ("development", Kind::Dev),
            ("stage", Kind::Staging),
            ("Staging-EU", Kind::Staging),
            ("PRODUCTION", Kind::Prod),
            ("qa", Kind::Other),
            ("", Kind::Other),
        ] {
            assert_eq!(Kind::of(name), kind, "{name}");
        }
        assert!(is_same("prod", "Production") && is_same("QA", "qa"));
        assert!(!is_same("prod", "dev") && !is_same("qa", "dev") && !is_same("qa", "uat"));
    }
}
