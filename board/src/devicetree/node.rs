//! A device tree as a value.

use alloc::{string::String, vec::Vec};
use vm_fdt::{Error, FdtWriter};

/// What a property says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It is there.
    Flag,
    /// 32-bit cells, written big-endian.
    Cells(Vec<u32>),
    /// A text, written with a NUL behind it.
    Text(String),
}

/// A node: a name, properties, children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    name: String,
    properties: Vec<(&'static str, Value)>,
    children: Vec<Node>,
}

impl Node {
    /// A node with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            properties: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Adds a property.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Self {
        self.properties.push((name, value));
        self
    }

    /// Adds a property of cells.
    #[must_use]
    pub fn cells(self, name: &'static str, cells: &[u32]) -> Self {
        self.with(name, Value::Cells(cells.into()))
    }

    /// Adds a property of text.
    #[must_use]
    pub fn text(self, name: &'static str, text: &str) -> Self {
        self.with(name, Value::Text(text.into()))
    }

    /// Adds a property that says something by being there.
    #[must_use]
    pub fn flag(self, name: &'static str) -> Self {
        self.with(name, Value::Flag)
    }

    /// Adds a child, or several, or perhaps none.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Node>) -> Self {
        self.children.extend(children);
        self
    }

    /// Says that the children's addresses take `address` cells and their sizes `size`.
    #[must_use]
    pub fn widths(self, address: u32, size: u32) -> Self {
        self.cells("#address-cells", &[address])
            .cells("#size-cells", &[size])
    }

    /// Writes the node and everything below it.
    ///
    /// # Errors
    ///
    /// What the writer objects to: a name that is not allowed, a text with a NUL in it.
    pub fn write(&self, writer: &mut FdtWriter) -> Result<(), Error> {
        let open = writer.begin_node(&self.name)?;
        for (name, value) in &self.properties {
            match value {
                Value::Flag => writer.property_null(name)?,
                Value::Cells(cells) => writer.property_array_u32(name, cells)?,
                Value::Text(text) => writer.property_string(name, text)?,
            }
        }
        self.children.iter().try_for_each(|child| child.write(writer))?;
        writer.end_node(open)
    }
}
