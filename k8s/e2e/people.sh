# shellcheck shell=bash disable=SC2034,SC2154
# Part of e2e.sh: people who ask all the time, and what they were told. Reads `url` and `work`.

question='{"songs": ["Song 1 of first", "Song 2 of first", "Song 1 of second", "Song 2 of second"]}'
ask() {
    curl --silent --show-error --include --max-time 10 --header 'Content-Type: application/json' \
        --data "$question" "$url/api/recommend" 2>&1
}

# Asks until told to stop, with a connection for each question. A line for each answer: when it was asked,
# its status (or `curl-` and curl's exit code), the instance, the model.
ask_for_ever() { # FILE
    local asked answer status instance model
    while [[ -e $work/asking ]]; do
        asked=$(now) status='' instance=- model=-
        answer=$(ask) || status=curl-$?
        [[ -z $status && $answer =~ ^HTTP/[0-9.]+\ ([0-9]+) ]] && status=${BASH_REMATCH[1]}
        [[ ${answer,,} =~ x-segue-instance:\ ([^[:space:]]+) ]] && instance=${BASH_REMATCH[1]}
        [[ ${answer,,} =~ x-segue-model:\ ([^[:space:]]+) ]] && model=${BASH_REMATCH[1]}
        echo "$asked ${status:-none} $instance $model" >>"$1"
        [[ $status == 200 ]] || echo "$asked $(<"$work/step"): ${answer:0:300}" >>"$work/failures"
        sleep 0.02
    done
}

answers() { # SINCE
    cat "$work"/answers.* 2>/dev/null | awk -v since="$1" '$1 >= since'
}
# What the good answers of the last three seconds have in a column, each once.
recent() { answers $(($(now) - 3000000)) | awk -v column="$1" '$2 == 200 { print $column }' | sort -u; }
instances() { recent 3; }
models() { recent 4; }
answered_by_none_of() { [[ -n $(instances) ]] && ! grep -qxF "$1" <<<"$(instances)"; }
answered_by() { [[ $(instances | wc -l) == "$1" ]]; }
# All recent answers are of one model, and it is none of these.
one_model_but() {
    local model
    model=$(models)
    [[ -n $model && $model != *$'\n'* && " $* " != *" $model "* ]]
}

# As many as a small service has people at a moment; some hundred questions a second together.
askers=() loadtest=''
start_asking() {
    touch "$work/asking"
    local each
    for each in 1 2 3 4; do
        ask_for_ever "$work/answers.$each" &
        askers+=($!)
    done
    # It has to have the whole address to itself.
    if command -v segue-loadtest >/dev/null && [[ $url != */proxy ]]; then
        segue-loadtest run "$url" --rate 100 --duration 2h --max-failed 0 --json "$work/loadtest.json" \
            >"$work/loadtest.log" 2>&1 &
        loadtest=$!
    fi
}

# Whether every question was answered is for the caller to see.
loadtest_code=0
stop_asking() {
    rm -f "$work/asking"
    # Without a name, it would wait for everything that was started, `kubectl proxy` included.
    ((${#askers[@]} == 0)) || wait "${askers[@]}" || true
    askers=()
    if [[ -n $loadtest ]]; then
        kill "$loadtest" 2>/dev/null || true
        wait "$loadtest" || loadtest_code=$?
        loadtest=''
    fi
}
