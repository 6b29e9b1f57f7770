//! The server keeps an expression as the text of a tree of nodes. Two databases hold the same expression in texts that
//! differ by the numbers (OIDs) of what they name and by where in its source a node stood.

use super::Digest;

/// The first number that can be one of a user's object.
const FIRST_OF_USERS: u32 = 16_384;

/// Types whose values are numbers of objects: regproc, regprocedure, regoper, regoperator, regclass, regtype, regconfig,
/// regdictionary, regnamespace, regcollation.
const OBJECT_TYPES: [u32; 10] = [24, 2202, 2203, 2204, 2205, 2206, 3734, 3769, 4089, 4191];

/// What the numbers in a tree stand for.
pub trait Numbers {
    /// An object, or nothing where the number is none or stands for two.
    fn object(&self, oid: u32) -> Option<Digest>;

    /// A value of an enum type.
    fn label(&self, oid: u32) -> Option<Digest>;

    /// A column of the table that the expression belongs to, if it belongs to one alone.
    fn column(&self, number: i16) -> Option<Digest>;
}

/// Appends to `out` what the tree says, without where it said it, and with names for numbers. The same outcome means
/// the same expression: every token is in it but the places of nodes in their source.
pub fn canonical(tree: &[u8], numbers: &impl Numbers, out: &mut Vec<u8>) {
    let mut field: Option<&[u8]> = None;
    let mut const_type = 0;
    let mut tokens = Tokens { text: tree, place: 0 };
    while let Some(token) = tokens.next() {
        let Some(name) = field.take() else {
            if token.first() == Some(&b':') {
                field = Some(token);
            }
            if !is_place(token) {
                number_or_text(token, numbers, out);
            }
            continue;
        };
        if is_place(name) {
            continue;
        }
        match name {
            b":consttype" => {
                const_type = number(token).unwrap_or(0);
                number_or_text(token, numbers, out);
            }
            b":constvalue" => value(token, const_type, &mut tokens, numbers, out),
            b":varattno" | b":varattnosyn" => {
                match number(token).and_then(|n| i16::try_from(n).ok()).and_then(|n| numbers.column(n)) {
                    Some(column) => push(column, out),
                    None => text(token, out),
                }
            }
            // Not a number of an object, even where there is one of that number.
            _ if name.ends_with(b"typmod") => text(token, out),
            _ => number_or_text(token, numbers, out),
        }
    }
}

/// Where in its source a node stood.
fn is_place(field: &[u8]) -> bool {
    matches!(field, b":location" | b":stmt_location" | b":stmt_len" | b":list_start" | b":list_end")
}

/// The value of a constant, `4 [ 1 64 0 0 0 0 0 0 ]`: its length and its bytes.
fn value(length: &[u8], of_type: u32, tokens: &mut Tokens, numbers: &impl Numbers, out: &mut Vec<u8>) {
    text(length, out);
    if length == b"<>" {
        return;
    }
    let names_something = length == b"4" && (of_type >= FIRST_OF_USERS || OBJECT_TYPES.contains(&of_type));
    let start = out.len();
    let mut bytes = Vec::new();
    for token in tokens.by_ref() {
        text(token, out);
        match token {
            b"[" => {}
            b"]" => break,
            byte if names_something => {
                bytes.push(std::str::from_utf8(byte).ok().and_then(|byte| byte.parse::<i16>().ok()));
            }
            _ => {}
        }
    }
    if !names_something {
        return;
    }
    let bytes: Option<Vec<u8>> = bytes.iter().take(4).map(|byte| byte.map(|byte| byte as u8)).collect();
    let oid = bytes.and_then(|bytes| Some(u32::from_ne_bytes(bytes.try_into().ok()?)));
    let known = match oid {
        Some(oid) if of_type >= FIRST_OF_USERS => numbers.label(oid),
        Some(oid) if oid >= FIRST_OF_USERS => numbers.object(oid),
        _ => None,
    };
    if let Some(known) = known {
        out.truncate(start);
        push(known, out);
    }
}

fn number(token: &[u8]) -> Option<u32> {
    std::str::from_utf8(token).ok()?.parse().ok()
}

fn number_or_text(token: &[u8], numbers: &impl Numbers, out: &mut Vec<u8>) {
    let object = match token.first() {
        Some(b'1'..=b'9') if token.len() >= 5 => {
            number(token).filter(|oid| *oid >= FIRST_OF_USERS).and_then(|oid| numbers.object(oid))
        }
        _ => None,
    };
    match object {
        Some(object) => push(object, out),
        None => text(token, out),
    }
}

fn text(token: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(token);
    out.push(b' ');
}

/// No token of the server's begins with a zero byte.
fn push(digest: Digest, out: &mut Vec<u8>) {
    out.push(0);
    out.extend_from_slice(&digest.0.to_ne_bytes());
}

/// The tokens as the server reads them: brackets of lists and nodes are tokens, a backslash takes the meaning of what
/// follows it.
struct Tokens<'a> {
    text: &'a [u8],
    place: usize,
}

/// What a byte does to a token.
#[derive(Clone, Copy, PartialEq)]
enum Byte {
    Plain,
    Space,
    Bracket,
    Backslash,
}

const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Plain; 256];
    bytes[b' ' as usize] = Byte::Space;
    bytes[b'\n' as usize] = Byte::Space;
    bytes[b'\t' as usize] = Byte::Space;
    bytes[b'(' as usize] = Byte::Bracket;
    bytes[b')' as usize] = Byte::Bracket;
    bytes[b'{' as usize] = Byte::Bracket;
    bytes[b'}' as usize] = Byte::Bracket;
    bytes[b'\\' as usize] = Byte::Backslash;
    bytes
};

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let kind = |byte: &u8| BYTES[usize::from(*byte)];
        let behind = &self.text[self.place..];
        let start = behind.iter().position(|byte| kind(byte) != Byte::Space)?;
        let behind = &behind[start..];
        self.place += start;
        let mut length = 0;
        loop {
            length += behind[length..]
                .iter()
                .position(|byte| kind(byte) != Byte::Plain)
                .unwrap_or(behind.len() - length);
            match behind.get(length).map(kind) {
                Some(Byte::Backslash) => length = (length + 2).min(behind.len()),
                Some(Byte::Bracket) if length == 0 => {
                    length = 1;
                    break;
                }
                _ => break,
            }
        }
        self.place += length;
        Some(&behind[..length])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from `base` on are those of objects, labels and columns: what counts is their distance from it.
    struct From(u32);

    impl Numbers for From {
        fn object(&self, oid: u32) -> Option<Digest> {
            (self.0..self.0 + 10).contains(&oid).then(|| Digest(u128::from(oid - self.0)))
        }

        fn label(&self, oid: u32) -> Option<Digest> {
            (self.0 + 50..self.0 + 60).contains(&oid).then(|| Digest(u128::from(oid - self.0)))
        }

        fn column(&self, number: i16) -> Option<Digest> {
            (number > 0).then(|| Digest(u128::from(number as u16 % 10)))
        }
    }

    fn of(tree: &str, base: u32) -> Vec<u8> {
        let mut out = Vec::new();
        canonical(tree.as_bytes(), &From(base), &mut out);
        out
    }

    fn same(one: &str, other: &str) -> bool {
        of(one, 20_000) == of(other, 30_000)
    }

    #[test]
    fn objects_are_known_by_name_and_places_are_left_out() {
        let one = "{FUNCEXPR :funcid 20001 :funcresulttype 23 :args ({VAR :varno 1 :varattno 2 :location 7}) :location 3}";
        let other = "{FUNCEXPR :funcid 30001 :funcresulttype 23 :args ({VAR :varno 1 :varattno 12 :location 70}) :location -1}";
        assert!(same(one, other));
        assert!(!same(one, &other.replace("30001", "30002")));
        assert!(!same(one, &other.replace(":varattno 12", ":varattno 13")));
        assert!(!same(one, &other.replace("FUNCEXPR", "AGGREF")));
    }

    #[test]
    fn what_is_no_object_is_kept() {
        assert!(same("{A :n 20100}", "{A :n 20100}"));
        assert!(!same("{A :n 20100}", "{A :n 30100}"));
        assert!(!same("{A :vartypmod 20001}", "{A :vartypmod 30001}"), "a modifier is no object");
        assert!(same("{A :vartypmod 20001}", "{A :vartypmod 20001}"));
    }

    #[test]
    fn a_label_of_an_enum_is_known_by_name() {
        let label = |of_type: u32, oid: u32| {
            let [a, b, c, d] = oid.to_ne_bytes().map(|byte| byte as i8);
            format!(
                "{{CONST :consttype {of_type} :constlen 4 :constisnull false :location 1 :constvalue 4 [ {a} {b} {c} {d} 0 0 0 0 ]}}"
            )
        };
        assert!(same(&label(20_001, 20_051), &label(30_001, 30_051)));
        assert!(!same(&label(20_001, 20_051), &label(30_001, 30_052)));
        assert!(!same(&label(23, 20_051), &label(23, 30_051)), "an integer is no label");
        assert!(same(&label(2205, 20_001), &label(2205, 30_001)), "a regclass is an object");
        assert!(!same(&label(2205, 20_051), &label(2205, 30_051)));
    }

    #[test]
    fn a_name_may_look_like_anything() {
        // As in the alias of a column: the name of a field, and brackets.
        assert!(!same(r"{A :resname :location :resno 1}", r"{A :resname :location :resno 2}"));
        assert!(!same(r"{A :resname a\ b :resno 1}", r"{A :resname a :resno 1}"));
        assert!(!same(r"{A :resname \} :resno 1}", r"{A :resname \{ :resno 1}"));
        assert!(!same(r"{A :resname x :location 5}", r"{A :resname y :location 5}"));
        assert!(same(r"{A :resname :location :location 5}", r"{A :resname :location :location 6}"));
    }

    #[test]
    fn null_has_no_bytes() {
        assert!(same(
            "{CONST :consttype 25 :constvalue <> :x 1}",
            "{CONST :consttype 25 :constvalue <> :x 1}"
        ));
        assert!(!same(
            "{CONST :consttype 25 :constvalue <> :x 1}",
            "{CONST :consttype 25 :constvalue <> :x 2}"
        ));
    }
}
