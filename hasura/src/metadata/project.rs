//! A project of Hasura's command: the folder with `config.yaml`.

use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::error::Error;
use super::folder::Files;
use super::read::read;
use super::value::Value;

pub const CONFIG: &str = "config.yaml";

/// Where a project is looked for; the first one found is taken.
pub const CONVENTION: [&str; 4] = [".", "hasura", "backend/hasura", "nself/hasura"];

pub struct Project {
    pub dir: PathBuf,
    /// The metadata folder.
    pub metadata: PathBuf,
    pub endpoint: Option<String>,
    pub admin_secret: Option<String>,
}

impl Project {
    /// The project in one of these folders below `parent`.
    pub fn find(parent: &Path) -> Result<Option<Self>, Error> {
        for dir in CONVENTION {
            let dir = parent.join(dir);
            if let Some(project) = Self::open(&dir)? {
                return Ok(Some(project));
            }
        }
        Ok(None)
    }

    /// The project in this folder, if it is one: other programs have a config.yaml, too.
    pub fn open(dir: &Path) -> Result<Option<Self>, Error> {
        if !dir.is_dir() {
            return Ok(None);
        }
        let Some(text) = Disk::new(dir).text(CONFIG)? else { return Ok(None) };
        let config = read(CONFIG, &text)?;
        let text = |keys: [&str; 2]| {
            keys.iter().find_map(|key| config.text(key)).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let folder = text(["metadata_directory", "metadata-directory"]);
        if !matches!(config.get("version"), Some(Value::Number(_)))
            || (folder.is_none() && config.get("endpoint").is_none())
        {
            return Ok(None);
        }
        Ok(Some(Self {
            dir: dir.to_owned(),
            metadata: dir.join(folder.as_deref().unwrap_or("metadata")),
            endpoint: text(["endpoint", "endpoint"]),
            admin_secret: text(["admin_secret", "admin-secret"]),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_is_found_by_its_config() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        assert!(Project::find(dir.path()).unwrap().is_none());
        write("config.yaml", "version: 1\ncolour: blue\n");
        assert!(Project::find(dir.path()).unwrap().is_none());
        write(
            "backend/hasura/config.yaml",
            "version: 3\nendpoint: http://x\nadmin-secret: word\nmetadata_directory: meta\n",
        );
        let project = Project::find(dir.path()).unwrap().unwrap();
        assert_eq!(project.metadata, dir.path().join("backend/hasura/meta"));
        assert_eq!(
            (project.endpoint.as_deref(), project.admin_secret.as_deref()),
            (Some("http://x"), Some("word"))
        );
        write("hasura/config.yaml", "version: 3\nendpoint: ''\n");
        let project = Project::find(dir.path()).unwrap().unwrap();
        assert_eq!((project.metadata, project.endpoint), (dir.path().join("hasura/metadata"), None));
    }
}
