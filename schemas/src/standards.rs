//! The standards that a server or a phone knows, loaded and proven once at the start.
//!
//! Owns the look-up by name. What a standard says is [`crate::standard`]'s business; an office's own folders join the shipped ones.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::form::{Form, FormVersion};
use crate::ids::StandardId;
use crate::standard::{Faults, Standard, shipped};

/// Loaded standards by name.
#[derive(Debug)]
pub struct Standards {
    by_id: BTreeMap<StandardId, Arc<Standard>>,
    forms: BTreeMap<FormVersion, Arc<Form>>,
}

impl Standards {
    /// The standards that ship with the program; their examples run here.
    pub fn shipped() -> Result<Self, Faults> {
        Ok(Self::of(shipped::load_all()?))
    }

    fn of(standards: Vec<Standard>) -> Self {
        let standards: Vec<Arc<Standard>> = standards.into_iter().map(Arc::new).collect();
        let form = |standard: &Arc<Standard>| Arc::new(standard.form().clone());
        let forms = standards.iter().map(form).map(|form| (form.version.clone(), form)).collect();
        Self { by_id: standards.into_iter().map(|standard| (standard.id().clone(), standard)).collect(), forms }
    }

    /// The standard with this name.
    pub fn get(&self, id: &StandardId) -> Option<&Arc<Standard>> {
        self.by_id.get(id)
    }

    /// All standards, by name.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Standard>> {
        self.by_id.values()
    }

    /// All forms, by version.
    pub fn forms(&self) -> impl Iterator<Item = &Arc<Form>> {
        self.forms.values()
    }

    /// The form for new households where nothing else was said: that of the first standard in force.
    pub fn current_form(&self) -> Option<&FormVersion> {
        let in_force = self.by_id.values().find(|standard| standard.status().may_decide());
        in_force.map(|standard| &standard.form().version)
    }

    /// The first standard whose households are asked this form.
    pub fn asking(&self, version: &FormVersion) -> Option<&Arc<Standard>> {
        self.by_id.values().find(|standard| standard.form().version == *version)
    }

    /// The form of this version.
    pub fn form(&self, version: &FormVersion) -> Option<&Arc<Form>> {
        self.forms.get(version)
    }
}
