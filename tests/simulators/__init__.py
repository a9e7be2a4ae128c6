"""Stand-ins for servers, with real sealed data and faults that tests switch on."""
