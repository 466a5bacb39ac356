-- Version 2: what central computes of parcels, as it was last told. A cache: never a fact, dropped at will.
CREATE TABLE parcel_states (
    parcel TEXT NOT NULL,
    unit TEXT NOT NULL,
    content TEXT NOT NULL,
    sum TEXT NOT NULL,
    PRIMARY KEY (parcel, unit)
) WITHOUT ROWID;
CREATE INDEX parcel_states_unit ON parcel_states (unit, parcel);
