"""Where the files of a data set are: in an archive, in a folder, or several data sets in one of these."""
