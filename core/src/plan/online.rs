//! How the actions of a step are taken while others are at work: in as many transactions as there are locks that need not
//! be held together, and an index in none, because it is built while others write.

use crate::ddl::Action;

/// What is to run one after the other, each for itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage<'a> {
    /// In one transaction.
    Together(&'a [Action]),
    /// In no transaction: the server makes its own.
    Alone(String),
}

impl Stage<'_> {
    /// What is run, to show.
    pub fn sql(&self) -> String {
        match self {
            Stage::Together(actions) => actions.iter().map(Action::sql).collect::<Vec<_>>().join(";\n"),
            Stage::Alone(sql) => sql.clone(),
        }
    }
}

/// The stages of some actions, in their order. All of them together do what the actions do in one transaction.
pub fn stages(actions: &[Action]) -> Vec<Stage<'_>> {
    let mut stages = Vec::new();
    let mut rest = actions;
    while !rest.is_empty() {
        let taken = rest
            .iter()
            .position(|action| action.online_sql().is_some() || action.leaves_rows_unchecked())
            .unwrap_or(rest.len() - 1);
        match rest[taken].online_sql() {
            Some(sql) => {
                if taken > 0 {
                    stages.push(Stage::Together(&rest[..taken]));
                }
                stages.push(Stage::Alone(sql));
            }
            None => stages.push(Stage::Together(&rest[..=taken])),
        }
        rest = &rest[taken + 1..];
    }
    stages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Name;

    #[test]
    fn an_index_is_built_alone_and_a_constraint_is_validated_later() {
        let name = |name: &str| Name { schema: "public".to_owned(), name: name.to_owned() };
        let comment = Action::Comment { on: "INDEX public.i".to_owned(), text: "x".to_owned() };
        let index = Action::CreateIndex {
            def: "CREATE UNIQUE INDEX i ON public.t USING btree (a)".to_owned(),
            online: true,
        };
        let add = Action::AddConstraint {
            table: name("t"),
            name: "c".to_owned(),
            def: "CHECK (true)".to_owned(),
            not_valid: true,
        };
        let validate = Action::ValidateConstraint { table: name("t"), name: "c".to_owned() };
        let actions = [comment.clone(), index, comment.clone(), add.clone(), validate.clone()];
        assert_eq!(
            stages(&actions),
            [
                Stage::Together(std::slice::from_ref(&comment)),
                Stage::Alone("CREATE UNIQUE INDEX CONCURRENTLY i ON public.t USING btree (a)".to_owned()),
                Stage::Together(&[comment.clone(), add]),
                Stage::Together(&[validate]),
            ]
        );
        assert_eq!(stages(&[]), []);
    }

    #[test]
    fn an_index_on_an_empty_table_is_built_with_the_rest() {
        let index = Action::CreateIndex {
            def: "CREATE INDEX i ON public.t USING btree (a)".to_owned(),
            online: false,
        };
        let actions = [index];
        assert_eq!(stages(&actions), [Stage::Together(&actions)]);
    }
}
