//! Statements that create what is stored with parameters or in a tablespace. The model has these apart from the rest of the
//! definition, because they are compared, and altered, by themselves.

use super::tables::parameters_sql;
use crate::model::{Constraint, ConstraintKind, Definition, DefinitionKind, Index};

/// ` WITH (…)`, or nothing.
fn with(parameters: &[String]) -> String {
    match parameters {
        [] => String::new(),
        parameters => format!(" WITH ({})", parameters_sql(parameters)),
    }
}

fn in_tablespace(keywords: &str, tablespace: Option<&String>) -> String {
    tablespace.map(|name| format!(" {keywords} {name}")).unwrap_or_default()
}

impl Index {
    /// The whole statement that creates it.
    pub fn sql(&self) -> String {
        let condition =
            self.predicate.as_ref().map(|predicate| format!(" WHERE {predicate}")).unwrap_or_default();
        let head = self.def.strip_suffix(&condition).unwrap_or(&self.def);
        let tablespace = in_tablespace("TABLESPACE", self.tablespace.as_ref());
        format!("{head}{}{tablespace}{}", with(&self.parameters), &self.def[head.len()..])
    }
}

impl Constraint {
    /// The whole definition, but for NOT VALID.
    pub fn sql(&self) -> String {
        if self.parameters.is_empty() && self.tablespace.is_none() {
            return self.def.clone();
        }
        let waits = [" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"];
        let head = waits.into_iter().find_map(|waits| self.def.strip_suffix(waits)).unwrap_or(&self.def);
        let condition = self.expression.as_ref().filter(|_| self.kind == ConstraintKind::Exclusion);
        let condition = condition.map(|condition| format!(" WHERE ({condition})")).unwrap_or_default();
        let head = head.strip_suffix(&condition).unwrap_or(head);
        let tablespace = in_tablespace("USING INDEX TABLESPACE", self.tablespace.as_ref());
        format!("{head}{}{tablespace}{}", with(&self.parameters), &self.def[head.len()..])
    }
}

impl Definition {
    /// The whole statement that creates it.
    pub fn sql(&self) -> String {
        let with = with(&self.parameters);
        let named = format!("CREATE {}", self.sql_name);
        let Some(rest) = self.def.strip_prefix(&named).filter(|_| !with.is_empty()) else {
            return self.def.clone();
        };
        // The access method of a materialized view stands before them.
        let method = rest.strip_prefix(" USING ").filter(|_| self.kind == DefinitionKind::MaterializedView);
        let method = method.map_or(0, |rest| " USING ".len() + name_length(rest));
        format!("{named}{}{with}{}", &rest[..method], &rest[method..])
    }
}

/// The length of the name at the beginning of a text.
fn name_length(text: &str) -> usize {
    let mut quoted = false;
    let ends = |(_, character): &(usize, char)| {
        quoted ^= *character == '"';
        *character == ' ' && !quoted
    };
    text.char_indices().find(ends).map_or(text.len(), |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use crate::plan::tests::attached::definition;
    use crate::plan::tests::{constraint, index};

    use super::*;

    #[test]
    fn what_an_index_is_stored_with_stands_before_its_condition() {
        let plain = Index {
            def: "CREATE INDEX i ON public.t USING btree (a) WHERE (a > 0)".to_string(),
            predicate: Some("(a > 0)".to_string()),
            ..index("i", "t", "a")
        };
        assert_eq!(plain.sql(), plain.def);
        let stored = Index {
            parameters: vec!["fillfactor=50".to_string()],
            tablespace: Some("\"Fast\"".to_string()),
            ..plain
        };
        assert_eq!(
            stored.sql(),
            "CREATE INDEX i ON public.t USING btree (a) WITH (fillfactor = '50') TABLESPACE \"Fast\" WHERE (a > 0)"
        );
    }

    #[test]
    fn what_a_constraint_is_stored_with_stands_before_its_condition_and_before_when_it_is_checked() {
        let stored = |kind, def: &str, expression: Option<&str>| Constraint {
            parameters: vec!["fillfactor=50".to_string()],
            tablespace: Some("fast".to_string()),
            expression: expression.map(str::to_string),
            ..constraint("c", "t", kind, &["a"], def)
        };
        let key = stored(ConstraintKind::Unique, "UNIQUE (a) DEFERRABLE INITIALLY DEFERRED", None);
        assert_eq!(
            key.sql(),
            "UNIQUE (a) WITH (fillfactor = '50') USING INDEX TABLESPACE fast DEFERRABLE INITIALLY DEFERRED"
        );
        let def = "EXCLUDE USING gist (a WITH =) WHERE ((a > 0)) DEFERRABLE";
        let exclusion = stored(ConstraintKind::Exclusion, def, Some("(a > 0)"));
        assert_eq!(
            exclusion.sql(),
            "EXCLUDE USING gist (a WITH =) WITH (fillfactor = '50') USING INDEX TABLESPACE fast WHERE ((a > 0)) DEFERRABLE"
        );
    }

    #[test]
    fn options_of_a_view_stand_behind_its_name_and_its_access_method() {
        let with = |kind, name: &str, def: &str| Definition {
            parameters: vec!["fillfactor=50".to_string()],
            ..definition(kind, name, name, def)
        };
        let view = with(DefinitionKind::View, "VIEW public.v", "CREATE VIEW public.v AS SELECT 1");
        assert_eq!(view.sql(), "CREATE VIEW public.v WITH (fillfactor = '50') AS SELECT 1");
        let name = "MATERIALIZED VIEW public.m";
        let def = "CREATE MATERIALIZED VIEW public.m USING \"my heap\" TABLESPACE fast AS SELECT 1";
        assert_eq!(
            with(DefinitionKind::MaterializedView, name, def).sql(),
            "CREATE MATERIALIZED VIEW public.m USING \"my heap\" WITH (fillfactor = '50') TABLESPACE fast AS SELECT 1"
        );
    }
}
