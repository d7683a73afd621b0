"""`python -m app`: the same as `lidarlive`."""

from app.main import main

if __name__ == "__main__":
    main()
