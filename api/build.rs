//! Has the program rebuilt when a file of the page comes or goes; what is in the files is watched by
//! the compiler itself.

fn main() {
    println!("cargo::rerun-if-changed=web");
}
