const USUAL_NAME: &str = "@NAME@";

fn main() {
    let name = std::env::args().nth(1);
    println!("{}", greeting::greet(name.as_deref().unwrap_or(USUAL_NAME)));
}
