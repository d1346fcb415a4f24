"""What a catalogue must satisfy, one small class per demand."""
