"""English words that say nothing of a topic by themselves."""

STOP_WORDS = frozenset(
    """
    a able about above across actually after again against ago ain't all almost along
    already also although always am among amp an and another any anybody anymore anyone
    anything anyway anywhere are aren't around as ask asked asking at away back be because
    been before behind being below best better between both but by came can can't cannot
    come comes coming could couldn't deleted did didn't do does doesn't doing don't done
    down during each edit either else enough etc even ever every everybody everyone
    everything everywhere except far few find first for found from further get gets getting
    give given gives giving go goes going gone gonna good got gotten gt had hadn't has
    hasn't have haven't having he he'd he'll he's hello her here here's hers herself hey hi
    him himself his how how's however i i'd i'll i'm i've if im in instead into is isn't it
    it'd it'll it's its itself ive just keep kind knew know known knows last least less let
    let's like little ll lol look looking looks lot lots lt made make makes making many may
    maybe me mean means might mine more most much must mustn't my myself nbsp need needed
    needs neither never new next no nobody none nor not nothing now nowhere of off often oh
    ok okay old on once one ones only onto or other others our ours ourselves out over own
    part people perhaps please pretty probably put quite rather re really removed right said
    same saw say saying says see seem seemed seems seen several shall she she'd she'll she's
    should shouldn't since so some somebody somehow someone something sometimes somewhere
    soon sort still stuff such sure take taken takes taking tell than thank thanks that
    that'll that's the their theirs them themselves then there there's these they they'd
    they'll they're they've thing things think this those though thought through thus to
    today together told too took toward towards tried tries try trying two under unless
    until up upon us use used using usually ve very via want wanted wants was wasn't way
    ways we we'd we'll we're we've well went were weren't what what's whatever when when's
    where where's whether which while who who'd who'll who's whole whom whose why why's will
    with within without won't would wouldn't yeah yes yet you you'd you'll you're you've
    your yours yourself yourselves
    """.split()
)
