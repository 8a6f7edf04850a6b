//! The README's examples in JavaScript, run by the browser.

use crate::page::play;
use crate::readme::examples;

#[tokio::test]
async fn the_readmes_examples_print_what_to_play_next() {
    play("", async |page, site| {
        for example in examples("js", site.address()) {
            let run = format!(
                "(async () => {{ const printed = []; \
                 const console = {{ log: (...words) => printed.push(words.join(' ')) }};\n\
                 {example}\n; return printed; }})()"
            );
            let printed = page.outcome(&run).await;
            assert_eq!(printed[0], "Help!", "{example}\n{printed}");
        }
    })
    .await;
}
