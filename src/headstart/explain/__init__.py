"""What can be measured of a classifier to explain it: heat maps, maps of features, activity of its layers."""
