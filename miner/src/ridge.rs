//! Solving small symmetric positive definite systems, by Cholesky's factorisation.
//!
//! Single precision is enough where the diagonal dominates, as a ridge makes it do. Rows are subtracted
//! from rows, so that the compiler can use vector instructions without changing the order of any sum.

/// Solves `A x = b` in place: `b` becomes `x`, and `A`, of which the upper triangle is given row by row,
/// its factor.
pub(crate) fn solve(matrix: &mut [f32], b: &mut [f32]) {
    let size = b.len();
    // A = U'U: the row of each pivot is taken from the rows below it.
    for pivot in 0..size {
        let (above, below) = matrix.split_at_mut((pivot + 1) * size);
        let row = &mut above[pivot * size + pivot..];
        let root = row[0].sqrt();
        row.iter_mut().for_each(|entry| *entry /= root);
        for (offset, under) in below.chunks_exact_mut(size).enumerate() {
            let factor = row[offset + 1];
            if factor != 0.0 {
                let under = &mut under[pivot + 1 + offset..];
                under.iter_mut().zip(&row[offset + 1..]).for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    // U'y = b, from the first to the last.
    for pivot in 0..size {
        let row = &matrix[pivot * size..][..size];
        b[pivot] /= row[pivot];
        let known = b[pivot];
        b[pivot + 1..].iter_mut().zip(&row[pivot + 1..]).for_each(|(x, y)| *x -= known * y);
    }
    // Ux = y, from the last to the first.
    for pivot in (0..size).rev() {
        let row = &matrix[pivot * size..][..size];
        let known: f32 = row[pivot + 1..].iter().zip(&b[pivot + 1..]).map(|(x, y)| x * y).sum();
        b[pivot] = (b[pivot] - known) / row[pivot];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn what_is_solved_gives_back_the_right_side(
            size in 0..12_usize,
            random in proptest::collection::vec(-1.0..1.0_f32, 12 * 13),
        ) {
            // B'B + I is positive definite, whatever B.
            let factor = |row: usize, column: usize| random[row * size + column];
            let entry = |row: usize, column: usize| {
                let product: f32 = (0..size).map(|k| factor(k, row) * factor(k, column)).sum();
                product + f32::from(u8::from(row == column))
            };
            let upper = |at: usize| match (at / size, at % size) {
                (row, column) if row <= column => entry(row, column),
                _ => f32::NAN,
            };
            let mut matrix: Vec<f32> = (0..size * size).map(upper).collect();
            let right = &random[144..144 + size];
            let mut x = right.to_vec();
            solve(&mut matrix, &mut x);
            for (row, right) in right.iter().enumerate() {
                let left: f32 = (0..size).map(|column| entry(row, column) * x[column]).sum();
                proptest::prop_assert!((left - right).abs() < 1e-3);
            }
        }
    }
}
