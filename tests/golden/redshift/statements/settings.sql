-- every setting
SELECT setting, setting_value FROM etl_settings ORDER BY CAST(setting AS VARBYTE(65535));

-- the value of a setting
SELECT setting_value FROM etl_settings WHERE setting = ?;

-- forget all settings
DELETE FROM etl_settings;

-- forget one setting
DELETE FROM etl_settings WHERE setting = ?;

-- keep a setting
INSERT INTO etl_settings (setting, setting_value) VALUES (?, ?);
