use std::collections::BTreeMap;

use super::*;

fn here(has_rows: bool) -> Here {
    Here {
        bytes: 3 << 20,
        rows: Some(40_000.0),
        has_rows,
        writes: 120,
        seconds: Some(60.0),
        ..Here::default()
    }
}

fn live(has_rows: bool) -> Live {
    Live::from([("public.t".to_owned(), here(has_rows))])
}

fn lock(mode: LockMode) -> Measured {
    let locks = BTreeMap::from([("public.t".to_owned(), mode)]);
    Measured { held: locks.clone(), locks, ..Measured::default() }
}

fn names(measured: &Measured, live: &Live) -> Vec<&'static str> {
    judge(measured, live, false).iter().map(|hazard| hazard.name.as_str()).collect()
}

fn t() -> Vec<String> {
    vec!["public.t".to_owned()]
}

#[test]
fn a_lock_is_a_hazard_where_others_wait_for_it() {
    assert!(names(&lock(LockMode::RowExclusive), &live(true)).is_empty());
    assert!(names(&lock(LockMode::ShareUpdateExclusive), &live(true)).is_empty());
    assert_eq!(names(&lock(LockMode::Share), &live(true)), ["blocks-writes"]);
    assert_eq!(names(&lock(LockMode::ShareRowExclusive), &live(true)), ["blocks-writes"]);
    assert_eq!(names(&lock(LockMode::AccessExclusive), &live(true)), ["blocks-reads"]);
    let hazard = &judge(&lock(LockMode::AccessExclusive), &live(true), false)[0];
    let says = "It takes ACCESS EXCLUSIVE on public.t (3 MB, about 40000 rows, 2.0 writes a second): nobody else reads or writes it until the transaction ends.";
    assert_eq!(hazard.sentence, says);
    assert_eq!(hazard.object, "public.t");
    let hazard = &judge(&lock(LockMode::Share), &Live::new(), false)[0];
    assert!(hazard.sentence.contains("public.t (not in this database yet)"), "{}", hazard.sentence);
}

#[test]
fn the_numbers_of_the_server_are_its_modes() {
    assert_eq!(LockMode::numbered(1), Some(LockMode::AccessShare));
    assert_eq!(LockMode::numbered(5), Some(LockMode::Share));
    assert_eq!(LockMode::numbered(8), Some(LockMode::AccessExclusive));
    assert_eq!((LockMode::numbered(0), LockMode::numbered(9)), (None, None));
}

#[test]
fn who_reads_a_table_waits_for_the_lock_of_an_index() {
    let locked_indexes = BTreeMap::from([("public.i".to_owned(), "public.t".to_owned())]);
    let hazards = judge(&Measured { locked_indexes, ..lock(LockMode::Share) }, &live(true), false);
    let told: Vec<_> = hazards.iter().map(|of| (of.name.as_str(), of.object.as_str())).collect();
    assert_eq!(told, [("blocks-writes", "public.t"), ("blocks-reads", "public.t")]);
    assert!(hazards[1].sentence.starts_with("It takes ACCESS EXCLUSIVE on index public.i of public.t (3 MB"));
}

#[test]
fn what_is_not_run_is_told_as_the_manual_says_it() {
    let of = |does| {
        let by_manual = BTreeMap::from([("public.t".to_owned(), does)]);
        Measured { by_manual, ..Measured::default() }
    };
    assert_eq!(names(&of(Upkeep::Rewrites), &live(true)), ["blocks-reads", "rewrites-table"]);
    assert_eq!(names(&of(Upkeep::Reindexes), &live(true)), ["blocks-reads"]);
    assert_eq!(names(&of(Upkeep::Locks(LockMode::Share)), &live(true)), ["blocks-writes"]);
    assert!(names(&of(Upkeep::Locks(LockMode::ShareUpdateExclusive)), &live(true)).is_empty());
    let sentence = &judge(&of(Upkeep::Rewrites), &live(false), false)[0].sentence;
    assert!(
        sentence.starts_with("As the manual says, it takes ACCESS EXCLUSIVE on public.t (3 MB, no rows"),
        "{sentence}"
    );
}

#[test]
fn a_table_that_is_read_is_a_hazard_under_a_lock_of_any_table() {
    let read = Measured { scanned: t(), ..Measured::default() };
    assert!(names(&read, &live(true)).is_empty());
    let held = BTreeMap::from([("public.other".to_owned(), LockMode::AccessExclusive)]);
    let under = Measured { held, ..read };
    assert_eq!(names(&under, &live(true)), ["scans-under-lock"]);
    assert!(judge(&under, &live(true), false)[0].sentence.ends_with("while writes to public.other wait."));
}

#[test]
fn nothing_is_deleted_where_nothing_is() {
    let all = Measured {
        dropped_tables: t(),
        truncated: t(),
        rewritten: t(),
        deleted_from: t(),
        dropped_columns: vec!["public.t.note".to_owned()],
        ..Measured::default()
    };
    assert_eq!(names(&all, &live(true)), ["deletes-data"; 4]);
    assert!(names(&all, &live(false)).is_empty());
    assert!(names(&all, &Live::new()).is_empty());
    let mut nulls = live(true);
    nulls.values_mut().for_each(|here| here.null_columns = vec!["note".to_owned()]);
    assert_eq!(names(&all, &nulls), ["deletes-data"; 3]);
}

#[test]
fn an_index_that_was_used_is_missed() {
    let dropped = Measured { dropped_indexes: vec!["public.i".to_owned()], ..Measured::default() };
    let with = |index_scans| Live::from([("public.i".to_owned(), Here { index_scans, ..Here::default() })]);
    assert!(names(&dropped, &with(0)).is_empty());
    assert_eq!(names(&dropped, &with(7)), ["drops-used-index"]);
}

#[test]
fn a_file_accepts_a_hazard_with_a_reason() {
    let sql = "-- nself:allow rewrites-table because it is small\n-- nself:allow blocks-reads\nSELECT '-- nself:allow x';\n-- nself:allow nothing because so\n--nself:allowed blocks-reads because so";
    let unclear = |line, mark: &str| Allowed::Unclear { line, mark: mark.to_owned() };
    assert_eq!(
        allowed(sql),
        [
            Allowed::Yes(Name::RewritesTable, "it is small".to_owned()),
            unclear(2, "-- nself:allow blocks-reads"),
            unclear(4, "-- nself:allow nothing because so"),
            unclear(5, "--nself:allowed blocks-reads because so"),
        ]
    );
    let measured = Measured { rewritten: t(), ..lock(LockMode::AccessExclusive) };
    let mut all = [judge(&measured, &live(true), false)];
    let (own, unclear) = judge_migration(true, sql, &mut all);
    assert!(own.is_empty());
    assert_eq!(unclear.len(), 3);
    let [of] = all;
    let said: Vec<_> = of.iter().map(|hazard| (hazard.name, hazard.allowed.as_deref())).collect();
    assert_eq!(said, [(Name::BlocksReads, None), (Name::RewritesTable, Some("it is small"))]);
}

#[test]
fn what_cannot_be_undone_is_said_of_the_migration() {
    let (own, _) = judge_migration(false, "-- nself:allow not-reversible because it only adds", &mut []);
    assert_eq!(own[0].name, Name::NotReversible);
    assert_eq!(own[0].allowed.as_deref(), Some("it only adds"));
    assert_eq!(names(&Measured::default(), &live(true)), [""; 0]);
    assert_eq!(judge(&Measured::default(), &live(true), true)[0].name, Name::NoTransactionNeeded);
}

#[test]
fn names_are_words_of_their_own() {
    for name in Name::ALL {
        assert_eq!(Name::parse(name.as_str()), Some(name));
    }
    assert_eq!(Name::parse("blocks_reads"), None);
}
