//! The SQLSTATEs of what the core refuses.

use nself_heal_core::{formats, graphql, migrations, rewrite, tenants};
use pgrx::PgSqlErrorCode;
use pgrx::PgSqlErrorCode::*;

pub fn folder(error: &formats::Error) -> PgSqlErrorCode {
    use formats::Error;
    match error {
        Error::NoMigrations { .. } | Error::MissingFile { .. } => ERRCODE_UNDEFINED_FILE,
        Error::DuplicateVersion { .. } | Error::DuplicatePath { .. } => ERRCODE_DUPLICATE_OBJECT,
        Error::Dialect { .. } => ERRCODE_FEATURE_NOT_SUPPORTED,
        Error::NotUtf8 { .. } | Error::NulByte { .. } => ERRCODE_CHARACTER_NOT_IN_REPERTOIRE,
        Error::PathLeavesFolder { .. } => ERRCODE_INVALID_NAME,
        _ => ERRCODE_INVALID_TEXT_REPRESENTATION,
    }
}

pub fn migrations(error: &migrations::Error) -> PgSqlErrorCode {
    use migrations::Error;
    match error {
        Error::NoSuchMigration { .. }
        | Error::AlreadyApplied { .. }
        | Error::NotApplied { .. }
        | Error::TooFew { .. }
        | Error::TargetAndCount { .. }
        | Error::TooMany { .. } => ERRCODE_INVALID_PARAMETER_VALUE,
        Error::WhichMigration { .. } | Error::WhichReason { .. } => ERRCODE_NULL_VALUE_NOT_ALLOWED,
        Error::EmptyJournal
        | Error::Edited { .. }
        | Error::EditedPart { .. }
        | Error::OutOfOrder { .. }
        | Error::BehindLedger { .. }
        | Error::NoFile { .. }
        | Error::RunsAgain { .. }
        | Error::AppliedInPart { .. }
        | Error::NotEdited { .. }
        | Error::NoDown { .. } => ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
    }
}

pub fn rewrite(error: &rewrite::Error) -> PgSqlErrorCode {
    use rewrite::Error;
    match error {
        Error::Folder(error) => folder(error),
        Error::NoSuchFile { .. } | Error::BadNumber { .. } => ERRCODE_INVALID_PARAMETER_VALUE,
        Error::Applied { .. }
        | Error::Taken { .. }
        | Error::TakenInLedger { .. }
        | Error::Behind { .. }
        | Error::NoJournal
        | Error::Lost { .. }
        | Error::NoBase { .. }
        | Error::Differ { .. } => ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE,
    }
}

pub fn tenants(error: &tenants::Error) -> PgSqlErrorCode {
    match error {
        tenants::Error::WhichTenant { .. } => ERRCODE_NULL_VALUE_NOT_ALLOWED,
        tenants::Error::NameTaken { .. }
        | tenants::Error::SchemaTaken { .. }
        | tenants::Error::NameIsSchema { .. }
        | tenants::Error::SchemaIsName { .. } => ERRCODE_DUPLICATE_OBJECT,
        tenants::Error::OneOrAll { .. } | tenants::Error::PendingOfTenant => ERRCODE_INVALID_PARAMETER_VALUE,
        tenants::Error::NoSuchTenant { .. } => ERRCODE_UNDEFINED_OBJECT,
        tenants::Error::NoTenants | tenants::Error::SomeFailed { .. } | tenants::Error::SchemaGone { .. } => {
            ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
        }
    }
}

pub fn graphql(error: &graphql::Error) -> PgSqlErrorCode {
    use graphql::Error;
    match error {
        Error::OfOthers => ERRCODE_DUPLICATE_SCHEMA,
        Error::HoldsOthers { .. } => ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST,
        Error::NotKnown | Error::HasRows { .. } | Error::InMigration { .. } => {
            ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
        }
        Error::MayNotCreate { .. } => ERRCODE_INSUFFICIENT_PRIVILEGE,
    }
}
