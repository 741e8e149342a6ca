from modelscan.cli import main

main()
