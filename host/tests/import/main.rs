//! The importer on small models: what it makes of them, and what it says of those that it refuses.

mod errors;
mod graphs;
mod models;
mod operators;
