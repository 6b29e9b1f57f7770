//! What a package installs beside the command.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

#[derive(Args)]
pub struct Completions {
    /// The shell, whose startup file says: source <(nself completions bash)
    pub shell: Shell,
}

#[derive(Args)]
pub struct Man {
    /// The folder to write them into: nself.1, and one for each command; it is made if it is not there
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
}
