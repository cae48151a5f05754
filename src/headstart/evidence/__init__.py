"""What numbers are worth: metrics, intervals, paired tests, calibration, verdict. Arrays in, numbers out."""
