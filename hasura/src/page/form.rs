//! What a form of the page sends.

use std::collections::HashMap;

use axum::extract::Request;
use axum::http::StatusCode;
use subtle::ConstantTimeEq;

use super::session::Visitor;
use crate::refusal::Refusal;
use crate::request::{FORM, body};
use crate::server::Server;

/// The name of the field that proves that a page of this session was filled in.
pub const TOKEN: &str = "token";

pub struct Form(HashMap<String, String>);

impl Form {
    pub async fn read(server: &Server, request: Request) -> Result<Self, Refusal> {
        let body = body(&server.limits, request, FORM).await?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }

    /// Reads a form that somebody sends who has signed in, and whose page has its token.
    pub async fn of_visitor(server: &Server, request: Request) -> Result<(Visitor, Self), Refusal> {
        let Some(visitor) = server.page.sessions.visitor(request.headers()) else {
            return Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "signed-out",
                "sign in first: the session has ended",
            ));
        };
        let form = Self::read(server, request).await?;
        match form.field(TOKEN).as_bytes().ct_eq(visitor.token.as_bytes()).into() {
            true => Ok((visitor, form)),
            false => Err(Refusal::new(
                StatusCode::FORBIDDEN,
                "forbidden",
                "the form is of another session: load the page again",
            )),
        }
    }

    /// What a field holds; nothing if there is none.
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}
