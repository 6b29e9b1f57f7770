//! What a migration says it depends on: `-- depends_on: 0003_x, 0004_y` before its first statement, and the same words of
//! other tools, yoyo's `-- depends: 0003_x 0004_y` and Sqitch's `-- requires: x`. Versions and journals give the order; where
//! they do not, of files with one number and of those that run again, these lines do. Elsewhere they have to agree with it.

#[cfg(test)]
mod tests;

use super::contents;
use super::error::Error;
use super::migration::{File, Layout, Migration};
use super::version::{compare, is_repeatable};
use crate::lexer::{self, Kind, Lexer};

/// That a migration depends on another one, by the places of both.
struct Dependency {
    of: usize,
    on: usize,
    line: usize,
}

/// Puts migrations behind those that they depend on, as far as nothing else gives their order, and refuses what cannot be.
pub(super) fn apply(layout: Layout, files: &[File], migrations: &mut Vec<Migration>) -> Result<(), Error> {
    let dependencies = dependencies(files, migrations)?;
    if dependencies.is_empty() {
        return Ok(());
    }
    refuse_circle(migrations, &dependencies)?;
    let order = match layout {
        Layout::Pairs | Layout::Sections => order(migrations, &dependencies),
        // The journal or the names of the folders give it in full.
        Layout::Drizzle | Layout::Folders | Layout::DrizzleFolders => (0..migrations.len()).collect(),
    };
    let place = |of: usize| order.iter().position(|at| *at == of);
    if let Some(Dependency { of, on, line }) = dependencies.iter().find(|one| place(one.on) > place(one.of)) {
        let on = &migrations[*on].path;
        return Err(bad(&migrations[*of].path, *line, format!("{on:?}, which comes later")));
    }
    let mut taken: Vec<Option<Migration>> = migrations.drain(..).map(Some).collect();
    migrations.extend(order.into_iter().filter_map(|at| taken[at].take()));
    Ok(())
}

fn bad(path: &str, line: usize, what: String) -> Error {
    Error::BadDependency { path: path.to_owned(), line, what }
}

fn dependencies(files: &[File], migrations: &[Migration]) -> Result<Vec<Dependency>, Error> {
    let mut found = Vec::new();
    for (of, migration) in migrations.iter().enumerate() {
        let Some(file) = files.iter().find(|file| file.path == migration.path) else { continue };
        for Named { name, line, is_ours } in named(contents::sql(file)?) {
            match find(migrations, name) {
                One::This(on) => found.push(Dependency { of, on, line }),
                // In the words of other tools people also write of what is no migration.
                One::Nothing if !is_ours && !name.starts_with(|c: char| c.is_ascii_digit()) => {}
                One::Nothing => {
                    return Err(bad(&migration.path, line, format!("{name:?}, which is not there")));
                }
                One::Several => {
                    return Err(bad(&migration.path, line, format!("{name:?}, which may be several")));
                }
            }
        }
    }
    Ok(found)
}

/// A name in such a line.
struct Named<'a> {
    name: &'a str,
    line: usize,
    is_ours: bool,
}

fn named(sql: &str) -> Vec<Named<'_>> {
    // Most files say nothing of the kind.
    if !sql.contains("depends") && !sql.contains("requires") {
        return Vec::new();
    }
    let first = lexer::first_token(sql);
    let comments = Lexer::new(sql)
        .take_while(|piece| piece.start < first)
        .filter(|piece| piece.kind == Kind::LineComment);
    let mut found = Vec::new();
    for comment in comments {
        let text = comment.text.trim_start_matches('-');
        let Some((word, names)) = text.split_once(':') else { continue };
        let is_ours = word.trim() == "depends_on";
        if !is_ours && !matches!(word.trim(), "depends" | "requires") {
            continue;
        }
        let line = lexer::line_of(sql, comment.start);
        let names = names.split(|c: char| c == ',' || c.is_whitespace()).filter(|name| !name.is_empty());
        found.extend(names.map(|name| Named { name, line, is_ours }));
    }
    found
}

/// Which migration a name is of.
enum One {
    This(usize),
    Nothing,
    Several,
}

/// By the name of its file or folder, its version, its number, or the rest of its name.
fn find(migrations: &[Migration], name: &str) -> One {
    let name = name.trim_matches(['"', '\'', '`']);
    let name = name.strip_suffix(".sql").unwrap_or(name);
    let name = name.strip_suffix(".up").unwrap_or(name);
    let is_number = name.starts_with(|c: char| c.is_ascii_digit());
    let same_number = |migration: &Migration| {
        is_number && !is_repeatable(&migration.version) && compare(number(migration), name).is_eq()
    };
    let ways: [&dyn Fn(&Migration) -> bool; 4] = [
        &|migration| stem(&migration.path) == name,
        &|migration| migration.version == name && number(migration) != name,
        &same_number,
        &|migration| migration.name == name,
    ];
    for way in ways {
        let mut all = (0..migrations.len()).filter(|at| way(&migrations[*at]));
        match (all.next(), all.next()) {
            (Some(at), None) => return One::This(at),
            (Some(_), Some(_)) => return One::Several,
            (None, _) => {}
        }
    }
    One::Nothing
}

fn number(migration: &Migration) -> &str {
    migration.version.split('_').next().unwrap_or_default()
}

/// What the file or folder of a migration is called.
fn stem(path: &str) -> &str {
    let path = path.strip_suffix("/up.sql").or_else(|| path.strip_suffix("/migration.sql")).unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let name = name.strip_suffix(".sql").unwrap_or(name);
    name.strip_suffix(".up").unwrap_or(name)
}

fn refuse_circle(migrations: &[Migration], dependencies: &[Dependency]) -> Result<(), Error> {
    let mut left: Vec<usize> = (0..migrations.len()).collect();
    loop {
        let waits = |of: &usize| dependencies.iter().any(|one| one.of == *of && left.contains(&one.on));
        let stuck: Vec<usize> = left.iter().copied().filter(waits).collect();
        if stuck.len() == left.len() {
            break;
        }
        left = stuck;
    }
    let Some(first) = left.first() else { return Ok(()) };
    // Whoever is stuck waits for one that is: following them comes to the circle.
    let mut path = vec![*first];
    while let Some(next) =
        dependencies.iter().find(|one| Some(&one.of) == path.last() && left.contains(&one.on))
    {
        if let Some(begin) = path.iter().position(|at| *at == next.on) {
            let names: Vec<&str> = path[begin..].iter().map(|at| migrations[*at].path.as_str()).collect();
            let line = dependencies.iter().find(|one| one.of == path[begin]).map_or(1, |one| one.line);
            let circle = names.iter().skip(1).chain(&names[..1]).map(|name| format!("{name:?}"));
            let circle = circle.collect::<Vec<_>>().join(", and that on ");
            return Err(bad(names[0], line, circle));
        }
        path.push(next.on);
    }
    Ok(())
}

/// The places in their new order. Only neighbours change theirs whose versions do not say which comes first.
fn order(migrations: &[Migration], dependencies: &[Dependency]) -> Vec<usize> {
    let are_equal = |a: usize, b: usize| {
        let (a, b) = (&migrations[a], &migrations[b]);
        match (is_repeatable(&a.version), is_repeatable(&b.version)) {
            (true, true) => true,
            (false, false) => compare(number(a), number(b)).is_eq(),
            _ => false,
        }
    };
    let mut ordered: Vec<usize> = Vec::with_capacity(migrations.len());
    let mut begin = 0;
    while begin < migrations.len() {
        let end = (begin + 1..migrations.len()).find(|at| !are_equal(begin, *at)).unwrap_or(migrations.len());
        let mut group: Vec<usize> = (begin..end).collect();
        while !group.is_empty() {
            let waits = |of: usize| dependencies.iter().any(|one| one.of == of && group.contains(&one.on));
            // There is no circle, so one of them waits for none of the others.
            let next = group.iter().position(|of| !waits(*of)).unwrap_or(0);
            ordered.push(group.remove(next));
        }
        begin = end;
    }
    ordered
}
