using Espalier.Cli.CommandLine;

namespace Espalier.Tests.Cli.CommandLine;

public class QuantitiesTests
{
    [Theory]
    [InlineData("90s", 90)]
    [InlineData("30m", 1800)]
    [InlineData("1h30m", 5400)]
    [InlineData("2d", 172800)]
    [InlineData("500ms", 0.5)]
    [InlineData("1.5h", 5400)]
    public void Time_AsOneTypesIt_IsUnderstood(string text, double seconds)
        => Assert.Equal(seconds, Quantities.Time(text).TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("m")]
    [InlineData("30 minutes")]
    [InlineData("-5m")]
    [InlineData("0s")]
    public void Time_AnythingElse_IsRefused(string text) => Assert.Throws<UsageException>(() => Quantities.Time(text));

    [Theory]
    [InlineData("4GB", 4_000_000_000)]
    [InlineData("1.5 mb", 1_500_000)]
    public void Bytes_AsOneTypesThem_AreUnderstood(string text, long bytes) => Assert.Equal(bytes, Quantities.Bytes(text));
}
