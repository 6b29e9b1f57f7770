//! Behind a pooler, the connection to the server is another program's afterwards.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread;

use crate::shop::{Shop, server};

/// What a client sends when it closes its connection.
const TERMINATE: [u8; 5] = [b'X', 0, 0, 0, 4];

/// Passes on what one client and the server send, but for the client's last word, as a pooler does. Returns what the
/// server answers to `query` on the connection that is left.
fn pool(listener: &UnixListener, socket: &Path, query: &str) -> String {
    let (mut client, _) = listener.accept().unwrap();
    let mut server = UnixStream::connect(socket).unwrap();
    let mut answers = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let back = thread::spawn(move || {
        let mut last = Vec::new();
        let mut buffer = [0; 8192];
        loop {
            let read = answers.0.read(&mut buffer).unwrap();
            last.extend_from_slice(&buffer[..read]);
            // The client has gone once the query is asked.
            let _ = answers.1.write_all(&buffer[..read]);
            if read == 0 {
                return last;
            }
        }
    });
    let mut buffer = [0; 8192];
    loop {
        let read = client.read(&mut buffer).unwrap();
        if read == 0 {
            break;
        }
        let sent = &buffer[..read];
        server.write_all(sent.strip_suffix(&TERMINATE).unwrap_or(sent)).unwrap();
    }
    let length = u32::try_from(query.len() + 5).unwrap().to_be_bytes();
    let asked = [b"Q", length.as_slice(), query.as_bytes(), b"\0", &TERMINATE].concat();
    server.write_all(&asked).unwrap();
    let all = back.join().unwrap();
    let _ = server.shutdown(Shutdown::Both);
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn a_command_leaves_no_setting_in_the_connection() {
    let shop = Shop::with_migrations();
    let dir = tempfile::tempdir().unwrap();
    let port = server("NSELF_TEST_PORT", "PGPORT");
    let socket = Path::new(&server("NSELF_TEST_DATABASE_HOST", "PGHOST")).join(format!(".s.PGSQL.{port}"));
    let listener = UnixListener::bind(dir.path().join(".s.PGSQL.1")).unwrap();
    let url = format!("host={} port=1 user=postgres dbname={}", dir.path().display(), shop.database);
    for line in ["db migrate up", "db migrate diff", "self-heal run --confirm", "db migrate status"] {
        let (listener, socket) = (listener.try_clone().unwrap(), socket.clone());
        let left = thread::spawn(move || {
            let sql = "SELECT 'settings: [' || coalesce(string_agg(name, ', '), '') || ']' \
                         FROM pg_settings WHERE source = 'session'";
            pool(&listener, &socket, sql)
        });
        let mut command = shop.command();
        let ran = command.args(["--database-url", &url]).args(line.split(' ')).output().unwrap();
        assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
        let left = left.join().unwrap();
        let settings = left.rsplit("settings: ").next().unwrap();
        assert!(settings.starts_with("[]"), "{line} leaves {settings}");
    }
}
