//! The levels, by which it is said who may call what.

/// What a role may do. Each level includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// See the state of the schema, of the migrations, of jobs and of heals. Changes nothing.
    Look,
    /// Close drift.
    Heal,
    /// Decide what the journal holds, and run it.
    Migrate,
    /// Switch the heal of the database, allow drift, and say who has which level.
    Admin,
}

impl Level {
    pub const ALL: [Level; 4] = [Level::Look, Level::Heal, Level::Migrate, Level::Admin];

    pub fn word(self) -> &'static str {
        match self {
            Level::Look => "look",
            Level::Heal => "heal",
            Level::Migrate => "migrate",
            Level::Admin => "admin",
        }
    }

    /// The function in schema nself that is the key of this level: a role that may EXECUTE it has the level.
    pub fn key(self) -> &'static str {
        match self {
            Level::Look => "may_look",
            Level::Heal => "may_heal",
            Level::Migrate => "may_migrate",
            Level::Admin => "may_admin",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }

    /// The level at a place in the order, from 0.
    pub fn at(place: usize) -> Option<Self> {
        Self::ALL.get(place).copied()
    }

    pub fn place(self) -> usize {
        self as usize
    }
}
