"""`python -m serendipity` is the console command."""

from serendipity.cli import main

main()
