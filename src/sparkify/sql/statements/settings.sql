/* The settings that the star was built with, etl_settings. */

-- all: every setting
SELECT setting, setting_value
FROM etl_settings
ORDER BY BYTEWISE(setting);

-- one: the value of a setting
SELECT setting_value
FROM etl_settings
WHERE setting = ?;

-- clear: forget all settings
DELETE FROM etl_settings;

-- forget: forget one setting
DELETE FROM etl_settings
WHERE setting = ?;

-- store: keep a setting
INSERT INTO etl_settings (setting, setting_value)
VALUES (?, ?);
