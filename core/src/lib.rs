//! The part of nself_heal that needs no server: what a migrations folder says, what a schema is, how two schemas
//! differ, and which statements close the difference. No IO, no clock, no randomness: values in, values out.
#![forbid(unsafe_code)]

pub mod access;
pub mod checksum;
pub mod conflicts;
pub mod ddl;
pub mod diff;
pub mod digest;
pub mod environment;
pub mod evidence;
pub mod formats;
pub mod graphql;
pub mod ground;
pub mod hazard;
pub mod heal;
pub mod home;
pub mod ignore;
pub mod lexer;
pub mod members;
pub mod migrations;
pub mod model;
pub mod noted;
pub mod own;
pub mod pieces;
pub mod plan;
pub mod platforms;
pub mod quote;
pub mod references;
pub mod repair;
pub mod retention;
pub mod rewrite;
pub mod schedule;
pub mod secrets;
pub mod server_names;
pub mod spelling;
pub mod tenants;
pub mod trackers;
pub mod unread;
