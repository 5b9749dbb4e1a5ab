"""Hand it over: the action file and the scores file."""
