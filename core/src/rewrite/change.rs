//! One change of a migrations folder.

/// A file or folder that gets another name, another content, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub path: String,
    pub new_path: String,
    /// Nothing: what is there stays as it is.
    pub content: Option<String>,
}

impl Change {
    pub fn moved(path: String, new_path: String) -> Self {
        Self { path, new_path, content: None }
    }

    /// Whether it changes anything.
    pub fn is_one(&self) -> bool {
        self.path != self.new_path || self.content.is_some()
    }
}
