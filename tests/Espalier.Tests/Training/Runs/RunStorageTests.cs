using Espalier.Training.Runs;

namespace Espalier.Tests.Training.Runs;

public class RunStorageTests
{
    [Fact]
    public void WriteFolder_WhatFillsItThrows_LeavesTheOldAndNothingBeside()
    {
        using var folder = new TemporaryFolder();
        string path = folder["model"];
        new RunStorage().WriteFolder(path, f => File.WriteAllText(Path.Join(f, "content"), "old"));
        Assert.Throws<RunStorageException>(() => new RunStorage().WriteFolder(path, f =>
        {
            File.WriteAllText(Path.Join(f, "content"), "half");
            File.Copy(folder["missing"], Path.Join(f, "more"));
        }));
        Assert.Equal("old", File.ReadAllText(Path.Join(path, "content")));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void WriteFolder_KilledAnywhere_LeavesTheOldOrTheNewOnceCleaned()
    {
        using var folder = new TemporaryFolder();
        string path = folder["model"];
        for (int point = 0; ; point++)
        {
            new RunStorage().WriteFolder(path, f => File.WriteAllText(Path.Join(f, "content"), "old"));
            bool killed = false;
            try
            {
                new KillingStorage(point).WriteFolder(path, f => File.WriteAllText(Path.Join(f, "content"), "new"));
            }
            catch (KilledException)
            {
                killed = true;
            }

            new RunStorage().Clean(folder.Path);
            string content = File.ReadAllText(Path.Join(path, "content"));
            Assert.True(content == "new" || (killed && content == "old"), $"killed at point {point} leaves '{content}'");
            Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
            if (!killed)
            {
                break;
            }
        }
    }
}
