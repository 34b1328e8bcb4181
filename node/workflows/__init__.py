"""The flows of hospitals, doctors, patients and labs, one file per flow."""
