//! Where a database is at home: the server and the database in which its extension was created, or somebody last said
//! whether it is to be healed without being asked. A copy of it, in another database, on another server or of another
//! moment, is not at home.

#[cfg(test)]
mod tests;

use std::fmt;

use serde::Deserialize;

/// Why a timeline began, in the server's words, where it had replayed all the WAL that there was: after a failover, or a
/// restore without a target. The server then goes on as the one that it was.
const NO_TARGET: &str = "no recovery target specified";

/// A timeline that began at a recovery target: the server was restored to a point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub timeline: u32,
    /// The point, in the server's words; nothing if the server does not know any more why the timeline began.
    pub point: Option<String>,
}

impl Target {
    /// The last one that this timeline goes back to, itself among them. `history` is its history file: a line for each
    /// switch of timelines, with the one that was left, where, and why. All timelines but the first have one. Without it
    /// the timeline counts as one that began at a target: it may have.
    pub fn last(timeline: u32, history: Option<&str>) -> Option<Self> {
        if timeline <= 1 {
            return None;
        }
        let switches: Vec<Switch<'_>> =
            history.unwrap_or_default().lines().filter_map(Switch::parse).collect();
        if switches.is_empty() {
            return Some(Self { timeline, point: None });
        }
        // The timeline that began with a switch is the one that the next switch left.
        let began = switches.iter().skip(1).map(|next| next.left).chain([timeline]);
        let (timeline, switch) = began.zip(&switches).filter(|(_, switch)| switch.why != NO_TARGET).last()?;
        Some(Self { timeline, point: Some(switch.why.to_owned()) })
    }
}

/// A line of a history file.
struct Switch<'a> {
    left: u32,
    why: &'a str,
}

impl<'a> Switch<'a> {
    /// Nothing for a comment, an empty line, or the rest of a reason that has more than one line.
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line.trim().splitn(3, '\t');
        let left = fields.next()?.trim().parse().ok()?;
        fields.next().filter(|at| at.contains('/'))?;
        Some(Self { left, why: fields.next().unwrap_or_default().trim() })
    }
}

/// Where a database is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As `pg_control_system()` has it.
    pub system_identifier: i64,
    pub database_oid: u32,
    pub target: Option<Target>,
}

impl Place {
    /// Zero if the server was never restored to a point in time.
    pub fn target_timeline(&self) -> u32 {
        self.target.as_ref().map_or(0, |target| target.timeline)
    }
}

/// A row of `nself.home`: a place in which the database is at home. A restored database has two, that in which the
/// restore created the extension and that of the original.
#[derive(Debug, Clone, Deserialize)]
pub struct Home {
    pub system_identifier: i64,
    pub database_oid: u32,
    pub target_timeline: u32,
    /// What the database was called.
    pub database: String,
}

impl Home {
    /// Why this is not the place.
    fn differs(&self, place: &Place) -> Option<Away> {
        let Self { system_identifier, database_oid, target_timeline, database } = self;
        if *system_identifier != place.system_identifier {
            let (database, system_identifier) = (database.clone(), *system_identifier);
            return Some(Away::OtherServer { database, system_identifier });
        }
        if *database_oid != place.database_oid {
            return Some(Away::OtherDatabase { database: database.clone() });
        }
        (*target_timeline != place.target_timeline()).then(|| match &place.target {
            Some(target) => Away::OtherMoment { target: target.clone() },
            None => Away::Before { timeline: *target_timeline },
        })
    }
}

/// Why a database is not at home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Away {
    OtherServer {
        database: String,
        system_identifier: i64,
    },
    OtherDatabase {
        database: String,
    },
    /// The server was restored to a point in time since.
    OtherMoment {
        target: Target,
    },
    /// The database is at home after a restore to a point in time that this server does not know of.
    Before {
        timeline: u32,
    },
    /// It was restored from a dump into the place that the dump comes from. What was done since is undone, as after a
    /// restore to a point in time.
    Restored,
    /// Nobody has said where it is at home.
    Unknown,
}

/// Why a database is not at home in a place, if it is not: it is if it says that place and nothing else. The latest row
/// comes first.
pub fn away(homes: &[Home], place: &Place) -> Option<Away> {
    match homes {
        [] => Some(Away::Unknown),
        [home] => home.differs(place),
        homes => homes.iter().find_map(|home| home.differs(place)).or(Some(Away::Restored)),
    }
}

/// One sentence, with what is to be done.
impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherServer { database, system_identifier } => write!(
                f,
                "this database is a copy of database {database} of another server (system identifier \
                 {system_identifier})"
            ),
            Self::OtherDatabase { database } => {
                write!(
                    f,
                    "this database is a copy of another one of this server, which was called {database}"
                )
            }
            Self::OtherMoment { target: Target { timeline, point: Some(point) } } => write!(
                f,
                "this server was restored to a point in time (timeline {timeline}: {point}), so this database is a copy"
            ),
            Self::OtherMoment { target: Target { timeline, point: None } } => write!(
                f,
                "this server may have been restored to a point in time (pg_wal has no history file of timeline \
                 {timeline} that says why it began), so this database counts as a copy"
            ),
            Self::Before { timeline } => write!(
                f,
                "this database was at home on timeline {timeline}, which this server does not know, so it is a copy"
            ),
            Self::Restored => {
                write!(f, "this database was restored from an earlier dump of it, so it counts as a copy")
            }
            Self::Unknown => {
                write!(f, "nself.home does not say where this database is at home, so it counts as a copy")
            }
        }?;
        write!(f, ": call nself_heal_enable() here to let the worker heal and migrate it")
    }
}
