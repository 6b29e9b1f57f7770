//! How such a program ends.

use std::fmt::Display;
use std::process::ExitCode;

/// 0 for true, 1 for false, and 2 with a message for an error.
pub fn exit_code(program: &str, result: Result<bool, impl Display>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::from(2)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::ExitCode;

    use super::exit_code;

    #[test]
    fn what_is_missed_and_what_could_not_run_have_codes_of_their_own() {
        assert_eq!(exit_code("test", Ok::<_, &str>(true)), ExitCode::SUCCESS);
        assert_eq!(exit_code("test", Ok::<_, &str>(false)), ExitCode::from(1));
        assert_eq!(exit_code("test", Err("no server")), ExitCode::from(2));
    }
}
