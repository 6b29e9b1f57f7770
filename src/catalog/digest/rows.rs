//! Rows of the system catalogs as they lie there: no query, no syscache. All is read under the active snapshot, so what
//! several catalogs say is of one moment.

use std::cell::{Cell, UnsafeCell};
use std::ffi::CStr;
use std::slice;

use nself_heal_core::digest::Digest;
use pgrx::pg_sys;

/// A column of a catalog.
#[derive(Clone)]
pub struct Column {
    pub name: String,
    pub type_id: pg_sys::Oid,
    /// Negative where it varies.
    length: i16,
    by_value: bool,
    /// Where its value is in every row. The first columns of a catalog have a place, up to one that varies or may be NULL.
    offset: Option<usize>,
}

impl Column {
    /// How many bytes a value has, if all have as many.
    pub fn bytes(&self) -> Option<usize> {
        usize::try_from(self.length).ok()
    }

    /// Whether its place is so many bytes behind that of the other.
    pub fn is_behind(&self, other: &Column, bytes: usize) -> bool {
        other.offset.is_some_and(|offset| self.offset == Some(offset + bytes))
    }

    fn all(descriptor: &pgrx::PgTupleDesc) -> Vec<Column> {
        let mut next = Some(0usize);
        let column = |attribute: &pg_sys::FormData_pg_attribute| {
            let align = match attribute.attalign as u8 {
                b'd' => 8,
                b'i' => 4,
                b's' => 2,
                _ => 1,
            };
            let has_place = attribute.attlen > 0 && attribute.attnotnull;
            let offset = next.filter(|_| has_place).map(|next| next.next_multiple_of(align));
            next = offset.map(|offset| offset + attribute.attlen as usize);
            Column {
                name: attribute.name().to_owned(),
                type_id: attribute.atttypid,
                length: attribute.attlen,
                by_value: attribute.attbyval,
                offset,
            }
        };
        descriptor.iter().map(column).collect()
    }
}

/// Columns by name.
pub fn position(columns: &[Column], name: &str) -> Option<usize> {
    columns.iter().position(|column| column.name == name)
}

/// The places of columns that every catalog with these names has.
pub fn places<const N: usize>(columns: &[Column], names: [&str; N]) -> [usize; N] {
    names.map(|name| position(columns, name).expect("a column of a catalog"))
}

/// A catalog that is open, with room for the values of a row.
struct Rows {
    columns: Vec<Column>,
    descriptor: pg_sys::TupleDesc,
    values: UnsafeCell<Vec<pg_sys::Datum>>,
    nulls: UnsafeCell<Vec<bool>>,
}

/// A row, valid until the next one is read.
pub struct CatalogRow<'a> {
    of: &'a Rows,
    tuple: pg_sys::HeapTuple,
    /// Where the values are.
    data: *const u8,
    /// Whether those without a place have been looked for.
    taken_apart: Cell<bool>,
}

impl CatalogRow<'_> {
    /// Which version of which row this is.
    pub fn version(&self) -> Digest {
        // SAFETY: as for every look at the tuple.
        version(unsafe { (*self.tuple).t_tableOid }.to_u32(), self.tuple)
    }

    pub fn is_null(&self, column: usize) -> bool {
        if self.of.columns[column].offset.is_some() {
            return false;
        }
        // SAFETY: a whole tuple. Where it has NULLs, a bit for each of its columns stands behind its header; columns
        // that it does not have are NULL.
        unsafe {
            let header = (*self.tuple).t_data;
            if column >= ((*header).t_infomask2 as u32 & pg_sys::HEAP_NATTS_MASK) as usize {
                return true;
            }
            let has_nulls = (*header).t_infomask as u32 & pg_sys::HEAP_HASNULL != 0;
            has_nulls && *(*header).t_bits.as_ptr().add(column / 8) & (1 << (column % 8)) == 0
        }
    }

    /// A pointer to the value of a column that has a place.
    fn place(&self, column: usize) -> Option<*const u8> {
        // SAFETY: the place is within the row.
        self.of.columns[column].offset.map(|offset| unsafe { self.data.add(offset) })
    }

    fn datum(&self, column: usize) -> pg_sys::Datum {
        // SAFETY: one thread, and nobody holds a reference into either list across this call.
        unsafe {
            let values = &mut *self.of.values.get();
            if !self.taken_apart.replace(true) {
                let nulls = &mut *self.of.nulls.get();
                pg_sys::heap_deform_tuple(
                    self.tuple,
                    self.of.descriptor,
                    values.as_mut_ptr(),
                    nulls.as_mut_ptr(),
                );
            }
            values[column]
        }
    }

    /// A number of at most eight bytes; 0 for NULL.
    pub fn number(&self, column: usize) -> i64 {
        if self.is_null(column) {
            return 0;
        }
        let Some(place) = self.place(column) else { return self.datum(column).value() as i64 };
        // SAFETY: a value of that length, aligned as its type wants it.
        unsafe {
            match self.of.columns[column].length {
                1 => i64::from(*place),
                2 => i64::from(*place.cast::<i16>()),
                4 => i64::from(*place.cast::<i32>()),
                _ => *place.cast::<i64>(),
            }
        }
    }

    /// A number of an object; 0 for none.
    pub fn oid(&self, column: usize) -> u32 {
        self.number(column) as u32
    }

    pub fn character(&self, column: usize) -> u8 {
        self.number(column) as u8
    }

    pub fn boolean(&self, column: usize) -> bool {
        self.number(column) & 1 == 1
    }

    /// A value of type name.
    pub fn name(&self, column: usize) -> &[u8] {
        let place = self.place(column).unwrap_or_else(|| self.datum(column).cast_mut_ptr::<u8>());
        // SAFETY: a name that is not NULL is 64 bytes with a zero among them.
        unsafe { CStr::from_ptr(place.cast()) }.to_bytes()
    }

    /// Appends the value of a column that is not of variable length: so many bytes, which may hold the values of columns
    /// right behind it, too.
    pub fn push_fixed(&self, column: usize, bytes: usize, to: &mut Vec<u8>) {
        match self.place(column) {
            None if self.of.columns[column].by_value => {
                to.extend_from_slice(&self.datum(column).value().to_ne_bytes()[..bytes])
            }
            place => {
                let place = place.unwrap_or_else(|| self.datum(column).cast_mut_ptr::<u8>());
                // SAFETY: values of that length.
                to.extend_from_slice(unsafe { slice::from_raw_parts(place, bytes) });
            }
        }
    }

    /// The bytes of a value of variable length, without its header.
    pub fn bytes(&self, column: usize) -> &[u8] {
        // SAFETY: such a value, uncompressed if need be into the context of the scan, which lives as long as the row.
        unsafe {
            let value = pg_sys::pg_detoast_datum_packed(self.datum(column).cast_mut_ptr());
            pgrx::varlena::varlena_to_byte_slice(value)
        }
    }

    /// The elements of a list of numbers: an array of one dimension without NULLs.
    pub fn numbers<T: Copy>(&self, column: usize) -> &[T] {
        // SAFETY: a whole array begins with its header, behind which are a length and a lower bound for each dimension;
        // the elements are at its end.
        unsafe {
            let array =
                pg_sys::pg_detoast_datum(self.datum(column).cast_mut_ptr()).cast::<pg_sys::ArrayType>();
            if (*array).ndim == 0 {
                return &[];
            }
            let header = size_of::<pg_sys::ArrayType>();
            let count = *array.cast::<u8>().add(header).cast::<i32>();
            let start = (header + 2 * size_of::<i32>() * (*array).ndim as usize).next_multiple_of(8);
            slice::from_raw_parts(array.cast::<u8>().add(start).cast::<T>(), count as usize)
        }
    }

    /// The elements of a list of texts.
    pub fn texts(&self, column: usize) -> Vec<String> {
        // SAFETY: a value of type text[].
        unsafe { <Vec<String> as pgrx::FromDatum>::from_datum(self.datum(column), false) }.unwrap_or_default()
    }
}

/// Which rows a catalog holds, in which versions: every change of a row gives it another place or another transaction that
/// wrote it, but for those in place, which change nothing of a schema.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    pub rows: usize,
    versions: Digest,
}

impl Held {
    fn add(&mut self, version: Digest) {
        self.rows += 1;
        self.versions.add(version);
    }
}

/// Which rows a catalog holds.
pub fn held(catalog: u32) -> Held {
    let mut held = Held::default();
    scan(catalog, |_, tuple| held.add(version(catalog, tuple)));
    held
}

/// Reads the rows of a catalog whose first column, which is a number of an object in every catalog, is `wanted`. Before
/// the first row `prepare` looks at the columns; what it makes of them goes along with each row. Returns which rows there
/// are, wanted or not.
pub fn each<T>(
    catalog: u32,
    wanted: impl Fn(u32) -> bool,
    prepare: impl FnOnce(&[Column]) -> T,
    mut row: impl FnMut(&mut T, &CatalogRow),
) -> Held {
    let mut held = Held::default();
    // SAFETY: what the server allocates for a row goes into a context that is emptied after it. On an error the abort of
    // the transaction frees everything.
    unsafe {
        let mut prepared = None;
        let mut prepare = Some(prepare);
        let context = pg_sys::AllocSetContextCreateInternal(
            pg_sys::CurrentMemoryContext,
            c"nself_heal rows".as_ptr(),
            0,
            8 * 1024,
            8 * 1024 * 1024,
        );
        scan(catalog, |descriptor, tuple| {
            held.add(version(catalog, tuple));
            let (rows, state) = prepared.get_or_insert_with(|| {
                let columns = Column::all(&pgrx::PgTupleDesc::from_pg_copy(descriptor));
                let state = prepare.take().expect("it is prepared once")(&columns);
                let values = UnsafeCell::new(vec![pg_sys::Datum::from(0); columns.len()]);
                let nulls = UnsafeCell::new(vec![false; columns.len()]);
                (Rows { descriptor, values, nulls, columns }, state)
            });
            let data = (*tuple).t_data.cast::<u8>().add((*(*tuple).t_data).t_hoff as usize);
            if !wanted(*data.cast::<u32>()) {
                return;
            }
            let outer = pg_sys::MemoryContextSwitchTo(context);
            row(state, &CatalogRow { of: rows, tuple, data, taken_apart: Cell::new(false) });
            pg_sys::MemoryContextSwitchTo(outer);
            if !(*context).isReset {
                pg_sys::MemoryContextReset(context);
            }
        });
        pg_sys::MemoryContextDelete(context);
    }
    held
}

fn version(catalog: u32, tuple: pg_sys::HeapTuple) -> Digest {
    // SAFETY: the header of a tuple that the scan holds.
    unsafe {
        let place = (*tuple).t_self;
        let block = u32::from(place.ip_blkid.bi_hi) << 16 | u32::from(place.ip_blkid.bi_lo);
        let writer = (*(*tuple).t_data).t_choice.t_heap.t_xmin;
        let version = [catalog, block, u32::from(place.ip_posid), writer.into_inner()];
        Digest::of(slice::from_raw_parts(version.as_ptr().cast(), size_of_val(&version)))
    }
}

/// Looks at the rows of a catalog that are there under the active snapshot.
fn scan(catalog: u32, mut row: impl FnMut(pg_sys::TupleDesc, pg_sys::HeapTuple)) {
    let lock = pg_sys::AccessShareLock as pg_sys::LOCKMODE;
    // SAFETY: the catalog is open as long as the scan, the scan as long as its tuples are looked at. On an error the
    // abort of the transaction closes both.
    unsafe {
        let relation = pg_sys::table_open(catalog.into(), lock);
        let flags = pg_sys::ScanOptions::SO_TYPE_SEQSCAN | pg_sys::ScanOptions::SO_ALLOW_PAGEMODE;
        let scan = pg_sys::heap_beginscan(
            relation,
            pg_sys::GetActiveSnapshot(),
            0,
            std::ptr::null_mut(),
            std::ptr::null_mut(),
            flags,
        );
        loop {
            let tuple = pg_sys::heap_getnext(scan, pg_sys::ScanDirection::ForwardScanDirection);
            if tuple.is_null() {
                break;
            }
            row((*relation).rd_att, tuple);
        }
        pg_sys::heap_endscan(scan);
        pg_sys::table_close(relation, lock);
    }
}
