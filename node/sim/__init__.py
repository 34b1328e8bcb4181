"""Virtual time, links, hosts, scenarios and the checkers that judge a run."""
