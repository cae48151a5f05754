"""The page that answers: one HTML file with the classifier inside, and the same page as a server shows it."""
