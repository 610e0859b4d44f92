//! What became of a kernel, as a page that is looked at: the text as a map, sums, and every site with its proof.
//!
//! ```text
//! image, plan -> data (what the page's program reads) -> html (the page: sums as markup, data, program)
//! ```

pub mod data;
pub mod html;

pub use html::page;
