//! Ready-made grounds: what platforms bring to a database before the first migration of a project. A folder that was
//! written for one can so be applied where the platform is not: in CI, or on a laptop.

#[cfg(test)]
mod tests;

/// A platform, and what it brings.
#[derive(Debug)]
pub struct Platform {
    pub name: &'static str,
    /// SQL that only adds, one object a statement, with all names qualified. It says which versions it was read from.
    pub script: &'static str,
    /// The schema by which it is known that the platform is there.
    pub schema: &'static str,
    /// A setting of its server, by which it is known, too.
    pub setting: Option<&'static str>,
    /// The search_path that its databases have, if it is another than the server's own.
    pub search_path: Option<&'static str>,
}

/// All that are known, by name.
pub static PLATFORMS: [Platform; 3] = [
    Platform {
        name: "hasura",
        script: include_str!("platforms/hasura.sql"),
        schema: "hdb_catalog",
        setting: None,
        search_path: None,
    },
    Platform {
        name: "neon",
        script: include_str!("platforms/neon.sql"),
        schema: "neon_auth",
        setting: Some("neon.timeline_id"),
        search_path: None,
    },
    Platform {
        name: "supabase",
        script: include_str!("platforms/supabase.sql"),
        schema: "auth",
        setting: None,
        search_path: Some("\"$user\", public, extensions"),
    },
];

/// What a statement of a migration did not find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    Schema,
    /// A role, a publication, or another object that is in no schema.
    Object,
    /// Something that is in a schema, which the message names before it.
    InSchema,
}

impl Platform {
    pub fn named(name: &str) -> Option<&'static Self> {
        PLATFORMS.iter().find(|platform| platform.name == name)
    }

    /// The names of what its statements make that begin with these words.
    fn made_by(&self, words: &'static str) -> impl Iterator<Item = &'static str> {
        self.script.lines().filter_map(move |line| {
            let rest = line.strip_prefix(words)?;
            Some(rest.split([' ', ';']).next().unwrap_or(rest))
        })
    }

    fn brings(&self, lacking: Lacking, message: &str) -> bool {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_named = |name: &str| message.split(|c| !is_word(c)).any(|word| word == name);
        let mut schemas = self.made_by("CREATE SCHEMA ");
        match lacking {
            Lacking::Schema => schemas.any(is_named),
            Lacking::Object => {
                self.made_by("CREATE ROLE ").any(is_named)
                    || self.made_by("CREATE PUBLICATION ").any(is_named)
            }
            Lacking::InSchema => schemas.any(|schema| {
                let qualifier = format!("{schema}.");
                message.match_indices(&qualifier).any(|(at, _)| !message[..at].ends_with(is_word))
            }),
        }
    }
}

/// The role that a statement of a ready-made ground makes.
pub fn role_made(statement: &str) -> Option<&str> {
    statement.strip_prefix("CREATE ROLE ")?.split_whitespace().next()
}

/// Whether a statement of a ready-made ground makes an extension, which a server may not have.
pub fn makes_extension(statement: &str) -> bool {
    statement.starts_with("CREATE EXTENSION ")
}

/// The platforms that bring what the server says that it does not find.
pub fn bringing(lacking: Lacking, message: &str) -> Vec<&'static str> {
    let all = PLATFORMS.iter().filter(|platform| platform.brings(lacking, message));
    all.map(|platform| platform.name).collect()
}

/// The names of all platforms, for a person.
pub fn names() -> String {
    let names: Vec<&str> = PLATFORMS.iter().map(|platform| platform.name).collect();
    names.join(", ")
}
